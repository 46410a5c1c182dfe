/** Copies, exports and imports collections without embedding. */
import {
  HeadraceError,
  type Observer,
  type Outcome,
  type RowSource,
  type Run,
  type RunReport,
  type RunSnapshot,
} from "../contracts/index.js";
import { mebibyte } from "../kit/index.js";
import {
  batchRows,
  type CopyPreview,
  type CopyTarget,
  copy,
  exportRows,
  inspectCopyTarget,
  metadataColumns,
  openCopyTarget,
  previewCopy,
} from "../operations/index.js";
import { type CollectionAddress, labelOf } from "./collections/addresses.js";
import { openNamed } from "./collections/named-collection.js";
import type { FileFormat } from "./configuration/kinds.js";
import { exportTarget } from "./export-target.js";
import { type Closable, closed, closedOnError } from "./wiring/closing.js";
import { runOptions, writeWidths } from "./wiring/lanes.js";
import type { PipelineParts } from "./wiring/pipeline-parts.js";
import { createRowFile, openRowFile } from "./wiring/registry.js";

/** Options of every copy, export and import. */
export interface MoveOptions {
  /** Maximum number of rows, counted from the first. Default: all rows. */
  readonly limit?: number;
  /** Hard stop: the run ends as "aborted". Rows in flight are not finished. */
  readonly signal?: AbortSignal;
  readonly observer?: Observer;
  readonly onOutcome?: (outcome: Outcome) => void;
}

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
}

/** Which collection to export, and to which file. */
export interface ExportRequest extends MoveOptions {
  readonly from: CollectionAddress;
  /** Path of a file with the extension of the format, or of a folder. An existing file is replaced only when the new file is complete. */
  readonly output: string;
  /** File format. Default: by the extension of `output`, otherwise "parquet". */
  readonly format?: FileFormat;
}

/** What a copy or an import would do. */
export interface MovePreview extends CopyPreview {
  /** True when the target collection does not exist and would be created. */
  readonly creates: boolean;
}

/** A copy, export or import in progress. */
export interface MoveRun {
  /** Soft stop: reads no more rows and finishes the ones in flight. After the last row, upkeep is left to the next call. */
  drain(): void;
  snapshot(): RunSnapshot;
  /** The number of rows to read; null when it is unknown. */
  readonly total: Promise<number | null>;
  /** Resolves to the report, after upkeep is done and the collections and files are closed. */
  readonly done: Promise<MoveReport>;
}

/** The report of a copy, an export or an import. */
export interface MoveReport extends RunReport {
  /** An error after the last row, for example in upkeep. All rows that the report counts as stored are stored. */
  readonly upkeepError?: HeadraceError;
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
  return startMove(parts, await openRowFile(request.file), target, request);
}

export async function previewOfImport(parts: PipelineParts, request: ImportRequest): Promise<MovePreview> {
  const target = await copyTargetOf(parts, request.to, request);
  return previewMove(await openRowFile(request.file), target, request);
}

export async function startExport(parts: PipelineParts, request: ExportRequest): Promise<MoveRun & { readonly path: string }> {
  const origin = await openOrigin(parts, request.from, request);
  return closedOnError([origin], async () => {
    const { path, format } = await exportTarget(request);
    const writer = await createRowFile(format, path, origin, () => metadataColumns({ origin, ...limitOf(request) }));
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

async function startMove(parts: PipelineParts, origin: RowSource, at: CopyTarget, request: MoveOptions): Promise<MoveRun> {
  const signal = signalOf(request);
  return closedOnError([origin], async () => {
    const target = await openCopyTarget(at, origin, signal);
    return closedOnError([target], async () => {
      const run = copy({
        origin,
        target,
        lookups: (await target.isEmpty(signal)) ? "omit" : "include",
        ...writeWidths(parts.settings, at.store, { batchRows: batchRows(origin.dimension), dimension: origin.dimension }),
        writeMaxBytes: parts.settings.insert.maxBytesMb * mebibyte,
        checkStore: (waiting) => at.store.check(waiting),
        ...limitOf(request),
        ...settleOf(request),
        options: optionsOf(parts, request),
      });
      const soft = new AbortController();
      const done = closed([target, origin], async (): Promise<MoveReport> => {
        const report = await run.done;
        const upkeepError = await parts.upkeep.after({
          label: at.label,
          collection: target,
          ended: report.ended,
          signal,
          soft: soft.signal,
          observer: request.observer,
        });
        return { ...report, ...(upkeepError === null ? {} : { upkeepError }) };
      });
      const drain = (): void => {
        run.drain();
        soft.abort();
      };
      return { ...moveRun(run, origin, request, done), drain };
    });
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

function moveRun(run: Run, origin: RowSource, { limit = Number.POSITIVE_INFINITY }: MoveOptions, done: Promise<MoveReport>): MoveRun {
  const total = origin.count().then(
    (count) => Math.min(limit, count),
    () => null,
  );
  return { drain: () => run.drain(), snapshot: () => run.snapshot(), total, done };
}

function optionsOf(parts: PipelineParts, { signal, observer }: MoveOptions): ReturnType<typeof runOptions> {
  return runOptions(parts.settings, {
    schedule: "overlapped",
    ...(signal === undefined ? {} : { signal }),
    ...(observer === undefined ? {} : { observer }),
  });
}

function limitOf({ limit }: MoveOptions): { readonly limit?: number } {
  return limit === undefined ? {} : { limit };
}

function settleOf({ onOutcome }: MoveOptions): { readonly settle?: (outcome: Outcome) => void } {
  return onOutcome === undefined ? {} : { settle: onOutcome };
}

function signalOf({ signal }: MoveOptions): AbortSignal {
  return signal ?? new AbortController().signal;
}
