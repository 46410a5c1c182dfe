/** Copies, exports and imports collections without embedding. */
import { HeadraceError, type RowSource, type Run, type RunReport } from "../../contracts/index.js";
import {
  type CopyPreview,
  type CopyTarget,
  copy,
  exportRows,
  inspectCopyTarget,
  metadataColumns,
  openCopyTarget,
  previewCopy,
  restoreRows,
} from "../../operations/index.js";
import { type CollectionAddress, labelOf } from "../collections/addresses.js";
import { openNamed } from "../collections/named-collection.js";
import type { FileFormat } from "../configuration/kinds.js";
import { type Closable, closed, closedOnError } from "../lifetimes/closing.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";
import { createRowFile, openRowFile } from "../wiring/registry.js";
import { admittedWriter } from "./admitted-writer.js";
import { exportTarget } from "./export-target.js";
import { limitOf, type MoveOptions, type MoveRun, moveInto, moveRun, optionsOf, settleOf, signalOf } from "./move-run.js";

/**
 * Which collection of a configured store to copy, and into which collection. A second call continues a stopped copy. A target that does not
 * fit is refused with `passport_mismatch`, `passport_missing`, `dimension_mismatch` or `collection_exists`.
 */
export interface CopyRequest extends MoveOptions {
  readonly from: CollectionAddress;
  /** The target collection. Created if it does not exist. */
  readonly to: CollectionAddress;
}

/** Which file to import, and into which collection. */
export interface ImportRequest extends MoveOptions {
  /** Path of a `.parquet` or `.npy` file. */
  readonly file: string;
  /** The target collection. Created if it does not exist. */
  readonly to: CollectionAddress;
  /** "keep": rows whose ids the collection has already stay as they are, and count as skipped. Default "replace". */
  readonly existing?: "replace" | "keep";
}

/** Which collection to export, and to which file. */
export interface ExportRequest extends MoveOptions {
  readonly from: CollectionAddress;
  /** Path of a file with the extension of the format, or of a folder. An existing file is replaced only when the new file is complete. */
  readonly output: string;
  /** File format. Default: by the extension of `output`, otherwise "parquet". */
  readonly format?: FileFormat;
  /** Called before rows are written, with the least number of bytes that the file will then have. What it throws ends the export. */
  readonly admit?: (bytes: number) => void;
}

/** What a copy or an import would do. */
export interface MovePreview extends CopyPreview {
  /** True when the target collection does not exist and would be created. */
  readonly creates: boolean;
}

export async function startCopy(parts: PipelineParts, request: CopyRequest): Promise<MoveRun> {
  const { origin, target } = await resolveCopy(parts, request);
  return startMove(parts, origin, target, request);
}

export async function previewOfCopy(parts: PipelineParts, request: CopyRequest): Promise<MovePreview> {
  const { origin, target } = await resolveCopy(parts, request);
  return previewMove(origin, target, request);
}

export async function startImport(parts: PipelineParts, request: ImportRequest): Promise<MoveRun> {
  const target = await copyTargetOf(parts, request.to, request);
  const origin = await openRowFile(request.file);
  return request.existing === "keep" ? startFilling(parts, origin, target, request) : startMove(parts, origin, target, request);
}

export async function previewOfImport(parts: PipelineParts, request: ImportRequest): Promise<MovePreview> {
  const target = await copyTargetOf(parts, request.to, request);
  return previewMove(await openRowFile(request.file), target, request);
}

export async function startExport(parts: PipelineParts, request: ExportRequest): Promise<MoveRun & { readonly path: string }> {
  const origin = await openOrigin(parts, request.from, request);
  return closedOnError([origin], async () => {
    const { path, format } = await exportTarget(request);
    const file = await createRowFile(format, path, origin, () => metadataColumns({ origin, ...limitOf(request) }));
    const writer = request.admit === undefined ? file : admittedWriter(file, { dimension: origin.dimension, admit: request.admit });
    const run = exportRows({ origin, writer, ...limitOf(request), ...settleOf(request), options: optionsOf(parts, request) });
    const done = finish(run, [origin], async ({ ended: how }) => (how === "completed" ? writer.finish() : undefined));
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

function startMove(parts: PipelineParts, origin: RowSource, at: CopyTarget, request: MoveOptions): Promise<MoveRun> {
  return closedOnError([origin], async () => {
    const target = await openCopyTarget(at, origin, signalOf(request));
    return moveInto(parts, { origin, target, at, request }, async (plan) =>
      copy({ ...plan, lookups: (await target.isEmpty(signalOf(request))) ? "omit" : "include" }),
    );
  });
}

function startFilling(parts: PipelineParts, origin: RowSource, at: CopyTarget, request: MoveOptions): Promise<MoveRun> {
  return closedOnError([origin], async () => {
    const target = await openCopyTarget(at, origin, signalOf(request));
    const otherWriters = at.store.maxWriters > 1 ? "possible" : "none";
    return moveInto(parts, { origin, target, at, request }, (plan) => restoreRows({ ...plan, otherWriters }));
  });
}

async function previewMove(origin: RowSource, at: CopyTarget, request: MoveOptions): Promise<MovePreview> {
  const signal = signalOf(request);
  return closed([origin], async () => {
    const target = await inspectCopyTarget(at, origin, signal);
    return closed(target === null ? [] : [target], async () => ({
      ...(await previewCopy({ origin, ...limitOf(request) }, target, signal)),
      creates: target === null,
    }));
  });
}

async function resolveCopy(
  parts: PipelineParts,
  request: CopyRequest,
): Promise<{ readonly origin: RowSource; readonly target: CopyTarget }> {
  const [from, to] = [labelOf(request.from, parts.storeKind), labelOf(request.to, parts.storeKind)];
  if (from === to) {
    throw new HeadraceError("usage_invalid", `copy: expected two different collections, found ${from} twice`, {
      hint: "Give the copy another name.",
    });
  }
  return { target: await copyTargetOf(parts, request.to, request), origin: await openOrigin(parts, request.from, request) };
}

async function copyTargetOf(parts: PipelineParts, address: CollectionAddress, request: MoveOptions): Promise<CopyTarget> {
  return { store: await parts.store(signalOf(request), address.store), name: address.collection, label: labelOf(address, parts.storeKind) };
}

/**
 * Opens the source collection of a copy or export. The name in messages includes the store, because another store may have a collection of
 * the same name.
 */
async function openOrigin(parts: PipelineParts, address: CollectionAddress, request: MoveOptions): Promise<RowSource> {
  await parts.store(signalOf(request), address.store);
  const collection = await openNamed(parts, address, "read");
  const { dimension, metric, idType, passport } = collection;
  return {
    name: labelOf(address, parts.storeKind),
    dimension,
    metric,
    idType,
    passport,
    count: () => collection.count(),
    scan: (options) => collection.scan(options),
    close: () => collection.close(),
  };
}

/** Waits for the run, calls `then`, closes the parts, and returns the report. */
function finish(run: Run, parts: readonly Closable[], then: (report: RunReport) => Promise<void>): Promise<RunReport> {
  return closed(parts, async () => {
    const report = await run.done;
    await then(report);
    return report;
  });
}
