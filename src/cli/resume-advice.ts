/** The advice after a run that did not complete. */
import type { ErrorCode } from "../contracts/index.js";
import type { EndedRun } from "./exit.js";

/** Errors after which the same command can succeed once the cause is gone. Any other error would come again. */
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
 * Returns the error, its hint and, if it can help, `advice`: one line each, and none twice. Returns no lines for a run that completed,
 * including its upkeep.
 */
export function adviceLines(
  { ended, error, upkeepError }: Pick<EndedRun, "ended" | "error" | "upkeepError">,
  advice: string,
): readonly string[] {
  if (ended === "completed") {
    if (upkeepError === undefined) return [];
    return [`All rows are stored, but not all upkeep is done: [${upkeepError.code}] ${upkeepError.message}`, upkeepError.hint];
  }
  if (error === undefined) return [advice];
  const what = `[${error.code}] ${error.message}`;
  if (error.code === "aborted") return [what, advice];
  const hintSaysSo = /same command again/i.test(error.hint);
  return [what, error.hint, ...(rerunHelps.has(error.code) && !hintSaysSo ? [advice] : [])];
}
