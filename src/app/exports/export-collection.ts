/** Exports collections to files: their rows, or their images. */
import type { RowSource, RowWriter, Run, ShardLimits } from "../../contracts/index.js";
import { parseFilter } from "../../filter/index.js";
import { type FileNaming, fingerprint, mebibyte } from "../../kit/index.js";
import { exportImages, exportPictures, exportRows, metadataColumns } from "../../operations/index.js";
import { makeFileRefs, storedInput } from "../../sources/index.js";
import { type ReadStoredFile, readerFor } from "../../stages/index.js";
import type { CollectionAddress } from "../collections/addresses.js";
import type { FileFormat } from "../configuration/kinds.js";
import { closed, closedOnError } from "../lifetimes/closing.js";
import { limitOf, type MoveOptions, type MoveRun, moveRun, optionsOf, settleOf, signalOf } from "../runs/move-run.js";
import { openOrigin } from "../runs/row-origin.js";
import { ingestWidths } from "../wiring/lanes.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";
import { createImageShards, createPictureRowFile, createRowFile } from "../wiring/registry.js";
import { admittedWriter } from "./admitted-writer.js";
import { exportTarget } from "./export-target.js";

/** Where a shard ends: 10,000 images or 1 GiB, as is usual. */
const usualShard: ShardLimits = { maxImages: 10_000, maxBytes: 1024 * mebibyte };

/** Pictures of this size take about 6 kB each. */
const previewSidePixels = 200;

/** Which collection to export, and to which file. */
export interface ExportRequest extends MoveOptions {
  readonly from: CollectionAddress;
  /** Only rows that match this filter. Default: all rows. */
  readonly filter?: string;
  /**
   * Path of a file with the extension of the format, or of a folder. An existing file is replaced only when the new file is complete. With
   * "webdataset": a folder that is new or empty.
   */
  readonly output: string;
  /**
   * "webdataset": the images with their metadata and vectors, as shards in the layout of WebDataset. "embedding-atlas": a Parquet file with small
   * pictures, for the viewer of this name. Both read the images from their sources. Default: by the extension of `output`, otherwise "parquet".
   */
  readonly format?: FileFormat | "webdataset" | "embedding-atlas";
  /** Where files that were named with a base are now. Only for exports that read images. */
  readonly naming?: FileNaming;
  /** Where a shard ends. Default: 10,000 images or 1 GiB. Only for "webdataset". */
  readonly shards?: Partial<ShardLimits>;
  /** Called before rows are written, with the least number of bytes that the file will then have. What it throws ends the export. */
  readonly admit?: (bytes: number) => void;
}

/** The run of an export, and the file or folder that it writes. */
interface Exporting {
  readonly path: string;
  readonly run: Run;
  readonly writer: Pick<RowWriter, "finish" | "discard">;
}

/** Throws `collection_not_found`, `filter_invalid`, `usage_invalid`, or `state_unwritable`. */
export async function startExport(parts: PipelineParts, request: ExportRequest): Promise<MoveRun & { readonly path: string }> {
  const filter = request.filter === undefined ? undefined : parseFilter(request.filter);
  const origin = await openOrigin(parts, request.from, request, filter);
  return closedOnError([origin], async () => {
    const { path, run, writer } = await exporting(parts, request, origin);
    const done = closed([origin], async () => {
      const report = await run.done;
      if (report.ended === "completed") await writer.finish();
      return report;
    });
    return {
      path,
      ...moveRun(
        run,
        origin,
        request,
        done.finally(() => writer.discard()),
      ),
    };
  });
}

function exporting(parts: PipelineParts, { format, ...request }: ExportRequest, origin: RowSource): Promise<Exporting> {
  switch (format) {
    case "webdataset":
      return exportedImages(parts, request, origin);
    case "embedding-atlas":
      return exportedPictures(parts, request, origin);
    default:
      return exportedRows(parts, { ...request, ...(format === undefined ? {} : { format }) }, origin);
  }
}

async function exportedRows(
  parts: PipelineParts,
  request: Omit<ExportRequest, "format"> & { readonly format?: FileFormat },
  origin: RowSource,
): Promise<Exporting> {
  const { path, format } = await exportTarget(request);
  const file = await createRowFile(format, path, origin, () => metadataColumns({ origin, ...limitOf(request) }));
  const writer = request.admit === undefined ? file : admittedWriter(file, { dimension: origin.dimension, admit: request.admit });
  const run = exportRows({ origin, writer, ...limitOf(request), ...settleOf(request), options: optionsOf(parts, request) });
  return { path, run, writer };
}

type ImageRequest = Omit<ExportRequest, "format">;

async function exportedImages(parts: PipelineParts, request: ImageRequest, origin: RowSource): Promise<Exporting> {
  const { settings } = parts;
  const { maxImages = usualShard.maxImages, maxBytes = usualShard.maxBytes } = request.shards ?? {};
  const read = await storedFiles(parts, request.naming ?? null, signalOf(request));
  const writer = await createImageShards(request.output, request.from.collection, { maxImages, maxBytes });
  const run = exportImages({
    origin,
    read,
    readers: ingestWidths(settings, null, {}).numWorkers,
    writer,
    ...limitOf(request),
    ...settleOf(request),
    options: optionsOf(parts, request),
  });
  return { path: request.output, run, writer };
}

async function exportedPictures(parts: PipelineParts, request: ImageRequest, origin: RowSource): Promise<Exporting> {
  const signal = signalOf(request);
  const { path } = await exportTarget({ ...request, format: "parquet" });
  const read = await storedFiles(parts, request.naming ?? null, signal);
  const pictures = await parts.pictures(signal);
  const writer = await createPictureRowFile(path, origin, await metadataColumns({ origin, ...limitOf(request) }));
  const run = exportPictures({
    origin,
    read: async (row, stop) => {
      const bytes = await read(row, stop);
      const isSame = fingerprint(bytes) === row.facts.content;
      return isSame ? pictures.thumbnail({ bytes, version: null }, stop, { maxSidePixels: previewSidePixels }) : null;
    },
    readers: ingestWidths(parts.settings, null, {}).preprocessWorkers,
    writer,
    ...limitOf(request),
    ...settleOf(request),
    options: optionsOf(parts, request),
  });
  return { path, run, writer };
}

/** Reads the images of stored rows from their sources. */
async function storedFiles(parts: PipelineParts, naming: FileNaming | null, signal: AbortSignal): Promise<ReadStoredFile> {
  const readers = await parts.runReaders("wait", signal);
  const fileRefs = await makeFileRefs();
  const maxBytes = parts.settings.preprocess.maxFileMb * mebibyte;
  return async (row, stop) => {
    const { ref } = await storedInput(row, fileRefs, naming);
    if (ref.refused?.kind === "fail") throw ref.refused.error;
    return (await readerFor(readers, ref).read(ref, { maxBytes }, stop)).bytes;
  };
}
