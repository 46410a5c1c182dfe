/** Adds up the passes of a re-embedding. */
import type { Counts, HeadraceError } from "../../contracts/index.js";
import type { InsertStats } from "../runs/ingest-images.js";
import type { Pass, Passes } from "./passes.js";

/** The numbers of all passes together. What limited the speed is that of the first pass, which does most of the work. */
export interface PassTotals extends InsertStats {
  readonly caughtUp: number;
  readonly deleted: number;
  readonly kept: number;
}

export function totals(done: readonly Pass[], passes: Passes, error: HeadraceError | null): PassTotals {
  const reports = done.map(({ report }) => report);
  const [first, last] = [reports[0]!, reports.at(-1)!];
  const sum = (key: keyof Counts | "elapsedMs"): number => reports.reduce((total, report) => total + report[key], 0);
  const failed = sum("failed");
  const upkeepError = error ?? last.upkeepError;
  return {
    ...first,
    ended: passes.isDrained && last.ended === "completed" ? "drained" : last.ended,
    ...(last.error === undefined ? {} : { error: last.error }),
    read: sum("read"),
    stored: sum("stored"),
    reused: sum("reused"),
    skipped: sum("skipped"),
    failed,
    abandoned: sum("abandoned"),
    elapsedMs: sum("elapsedMs"),
    peakBytes: Math.max(...reports.map(({ peakBytes }) => peakBytes)),
    deadLetters: last.deadLetters,
    failedEarlier: Math.max(0, last.deadLetters - failed),
    ...(upkeepError === undefined ? {} : { upkeepError }),
    caughtUp: sum("stored") - first.stored,
    deleted: done.reduce((total, { deleted }) => total + deleted, 0),
    kept: done.reduce((most, { kept }) => Math.max(most, kept), 0),
  };
}
