/** What to do after a run that did not complete. */
import type { ErrorCode, RunReport } from "../contracts/index.js";

/** What a repeat of the same command can mend, once its cause is gone; any other error would only come again. */
const mendedByRepeat: ReadonlySet<ErrorCode> = new Set([
  "aborted",
  "disk_full",
  "embedder_unavailable",
  "lock_held",
  "lock_lost",
  "outage_too_long",
  "overloaded",
  "source_failed",
  "state_unwritable",
  "store_unavailable",
  "timed_out",
  "too_many_failures",
]);
const advice = "To go on, run the same command again: what is stored is skipped.";

/** The error, its hint, and how to go on: a line each, none twice. */
export function goingOn({ ended, error }: Pick<RunReport, "ended" | "error">): readonly string[] {
  if (ended === "completed") return [];
  if (error === undefined) return [advice];
  const saysSo = /same command again/i.test(error.hint);
  return [`[${error.code}] ${error.message}`, error.hint, ...(mendedByRepeat.has(error.code) && !saysSo ? [advice] : [])];
}
