/** What copies, exports, imports and restorations share: their options, their progress and their report. */
import type {
  Collection,
  HeadraceError,
  Observer,
  Outcome,
  RowSource,
  Run,
  RunReport,
  RunSnapshot,
  StageState,
} from "../../contracts/index.js";
import { mebibyte } from "../../kit/index.js";
import { batchRows, type CopyPlan, type CopyTarget } from "../../operations/index.js";
import { closedOnError } from "../lifetimes/closing.js";
import { runOptions, writeWidths } from "../wiring/lanes.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";
import { writingRun } from "./writing-run.js";

/** Options of every copy, export, import and restoration. */
export interface MoveOptions {
  /** Maximum number of rows, counted from the first. Default: all rows. */
  readonly limit?: number;
  /** Hard stop: the run ends as "aborted". Rows in flight are not finished. */
  readonly signal?: AbortSignal;
  readonly observer?: Observer;
  readonly onOutcome?: (outcome: Outcome) => void;
}

/** A copy, export, import or restoration in progress. */
export interface MoveRun {
  /** Soft stop: reads no more rows and finishes the ones in flight. After the last row, upkeep is left to the next call. */
  drain(): void;
  snapshot(): RunSnapshot;
  /** What each stage does now. */
  stages(): readonly StageState[];
  /** The number of rows to read; null when it is unknown. */
  readonly total: Promise<number | null>;
  /** Resolves to the report, after upkeep is done and the collections and files are closed. */
  readonly done: Promise<MoveReport>;
}

/** The report of a copy, an export, an import or a restoration. */
export interface MoveReport extends RunReport {
  /** An error after the last row, for example in upkeep. All rows that the report counts as stored are stored. */
  readonly upkeepError?: HeadraceError;
}

/** Where the rows come from, and the open collection that they go to. */
interface Move {
  readonly origin: RowSource;
  readonly target: Collection;
  readonly at: CopyTarget;
  readonly request: MoveOptions;
}

/** Starts a run that `begin` makes. Closes the target, and the origin at the end of the run. */
export function moveInto(
  parts: PipelineParts,
  { origin, target, at, request }: Move,
  begin: (plan: Omit<CopyPlan, "lookups">) => Run | Promise<Run>,
): Promise<MoveRun> {
  const signal = signalOf(request);
  return closedOnError([target], async () => {
    const run = await begin({
      origin,
      target,
      ...writeWidths(parts.settings, at.store, { batchRows: batchRows(origin.dimension), dimension: origin.dimension }),
      writeMaxBytes: parts.settings.insert.maxBytesMb * mebibyte,
      checkStore: (waiting) => at.store.check(waiting),
      ...limitOf(request),
      ...settleOf(request),
      options: optionsOf(parts, request),
    });
    const { label } = at;
    const { done, drain } = writingRun(parts, run, { collection: target, label, closing: [origin], signal, observer: request.observer });
    return { ...moveRun(run, origin, request, done), drain };
  });
}

export function moveRun(
  run: Run,
  origin: RowSource,
  { limit = Number.POSITIVE_INFINITY }: MoveOptions,
  done: Promise<MoveReport>,
): MoveRun {
  const total = origin.count().then(
    (count) => Math.min(limit, count),
    () => null,
  );
  return { drain: () => run.drain(), snapshot: () => run.snapshot(), stages: () => run.stages(), total, done };
}

export function optionsOf(parts: PipelineParts, { signal, observer }: MoveOptions): ReturnType<typeof runOptions> {
  return runOptions(parts.settings, {
    schedule: "overlapped",
    ...(signal === undefined ? {} : { signal }),
    ...(observer === undefined ? {} : { observer }),
  });
}

export function limitOf({ limit }: MoveOptions): { readonly limit?: number } {
  return limit === undefined ? {} : { limit };
}

export function settleOf({ onOutcome }: MoveOptions): { readonly settle?: (outcome: Outcome) => void } {
  return onOutcome === undefined ? {} : { settle: onOutcome };
}

export function signalOf({ signal }: MoveOptions): AbortSignal {
  return signal ?? new AbortController().signal;
}
