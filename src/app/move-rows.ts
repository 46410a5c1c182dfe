/** Moves collections as they are, without embedding: between stores, into files and back. */
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
import { exportPlace } from "./export-target.js";
import { type Closable, closed, closedOnError } from "./wiring/closing.js";
import { batchesAtOnce, runOptions } from "./wiring/lanes.js";
import type { PipelineParts } from "./wiring/pipeline-parts.js";
import { createRowFile, openRowFile } from "./wiring/registry.js";

export interface MoveOptions {
  /** The first so many rows only. Default: all. */
  readonly limit?: number;
  /** Hard stop. */
  readonly signal?: AbortSignal;
  readonly observer?: Observer;
  readonly onOutcome?: (outcome: Outcome) => void;
}

export interface CopyRequest extends MoveOptions {
  readonly from: CollectionAddress;
  /** Created when it does not exist. */
  readonly to: CollectionAddress;
}

export interface ImportRequest extends MoveOptions {
  /** A `.parquet` or `.npy` file. */
  readonly file: string;
  /** Created when it does not exist. */
  readonly to: CollectionAddress;
}

export interface ExportRequest extends MoveOptions {
  readonly from: CollectionAddress;
  /** A file with the format's ending, or a folder. What stands there is replaced when the new file is whole. */
  readonly output: string;
  /** Default: by the ending of `output`, else "parquet". */
  readonly format?: FileFormat;
}

/** What a copy or an import would do. */
export interface MovePreview extends CopyPreview {
  /** The target does not exist yet. */
  readonly creates: boolean;
}

/** Rows on their way. */
export interface MoveRun {
  /** Soft stop: read no more, finish what is in flight. After the last row: upkeep is left to the next call. */
  drain(): void;
  snapshot(): RunSnapshot;
  /** Rows that there are to be read; null when nobody can say. */
  readonly total: Promise<number | null>;
  /** The report, when upkeep and closing are done too. */
  readonly done: Promise<MoveReport>;
}

export interface MoveReport extends RunReport {
  /** What went wrong after the last row, in upkeep for example: what the report says is stored all the same. */
  readonly upkeepError?: HeadraceError;
}

export async function startCopy(parts: PipelineParts, request: CopyRequest): Promise<MoveRun> {
  const { origin, target } = await endsOfCopy(parts, request);
  return startMove(parts, origin, target, request);
}

export async function previewOfCopy(parts: PipelineParts, request: CopyRequest): Promise<MovePreview> {
  const { origin, target } = await endsOfCopy(parts, request);
  return previewMove(origin, target, request);
}

export async function startImport(parts: PipelineParts, request: ImportRequest): Promise<MoveRun> {
  const target = await targetAt(parts, request.to, request);
  return startMove(parts, await openRowFile(request.file), target, request);
}

export async function previewOfImport(parts: PipelineParts, request: ImportRequest): Promise<MovePreview> {
  const target = await targetAt(parts, request.to, request);
  return previewMove(await openRowFile(request.file), target, request);
}

export async function startExport(parts: PipelineParts, request: ExportRequest): Promise<MoveRun & { readonly path: string }> {
  const origin = await originAt(parts, request.from, request);
  return closedOnError([origin], async () => {
    const { path, format } = await exportPlace(request);
    const writer = await createRowFile(format, path, origin, () => metadataColumns({ origin, ...limitOf(request) }));
    const run = exportRows({ origin, writer, ...limitOf(request), ...settleOf(request), options: optionsOf(parts, request) });
    const done = ended(run, [origin], async ({ ended: how }) => (how === "completed" ? writer.finish() : undefined));
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
        writers: batchesAtOnce(parts.settings, at.store, { batchRows: batchRows(origin.dimension), dimension: origin.dimension }),
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

async function endsOfCopy(
  parts: PipelineParts,
  request: CopyRequest,
): Promise<{ readonly origin: RowSource; readonly target: CopyTarget }> {
  const [from, to] = [labelOf(request.from, parts.storeKind), labelOf(request.to, parts.storeKind)];
  if (from === to) {
    throw new HeadraceError("usage_invalid", `Expected two collections but received ${from} twice.`, {
      hint: "Give the copy another name.",
    });
  }
  return { target: await targetAt(parts, request.to, request), origin: await originAt(parts, request.from, request) };
}

async function targetAt(parts: PipelineParts, address: CollectionAddress, request: MoveOptions): Promise<CopyTarget> {
  return { store: await parts.store(signalOf(request), address.store), name: address.collection, label: labelOf(address, parts.storeKind) };
}

/** The collection under a name that tells it from one of the same name elsewhere. */
async function originAt(parts: PipelineParts, address: CollectionAddress, request: MoveOptions): Promise<RowSource> {
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

/** The report, after `then` and closing. */
function ended(run: Run, parts: readonly Closable[], then: (report: RunReport) => Promise<void>): Promise<RunReport> {
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
