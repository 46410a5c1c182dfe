/** The advice that is printed after a run that did not complete. */
import type { ErrorCode } from "../../contracts/index.js";
import type { EndedRun } from "./exit.js";

/**
 * Errors after which running the same command again can succeed, once the cause is fixed. After any other error, the command would fail
 * again.
 */
const rerunHelps: ReadonlySet<ErrorCode> = new Set([
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
export const rerunAdvice = "To continue, run the same command again: it skips what is stored.";

/**
 * Returns the lines to print after a run that did not complete: the error, its hint and, if a new run can help, `advice`. No line appears
 * twice. Returns no lines if both the run and its upkeep completed.
 */
export function adviceLines(
  { ended, error, upkeepError }: Pick<EndedRun, "ended" | "error" | "upkeepError">,
  advice: string,
): readonly string[] {
  if (ended === "completed") {
    if (upkeepError === undefined) return [];
    return [`All rows are stored, but the work after them is not done: [${upkeepError.code}] ${upkeepError.message}`, upkeepError.hint];
  }
  if (error === undefined) return [advice];
  const what = `[${error.code}] ${error.message}`;
  if (error.code === "aborted") return [what, advice];
  const hintSaysSo = /same command again/i.test(error.hint);
  return [what, error.hint, ...(rerunHelps.has(error.code) && !hintSaysSo ? [advice] : [])];
}
