/** What to do after a run that did not complete. */
import type { ErrorCode } from "../contracts/index.js";
import type { EndedRun } from "./exit.js";

/** What a repeat of the same command can mend, once its cause is gone; any other error would only come again. */
const mendedByRepeat: ReadonlySet<ErrorCode> = new Set([
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
export const rerunAdvice = "To go on, run the same command again: what is stored is skipped.";

/** The error, its hint, and `advice` where it can help: a line each, none twice. Nothing for a run that came to its end, upkeep and all. */
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
  const saysSo = /same command again/i.test(error.hint);
  return [what, error.hint, ...(mendedByRepeat.has(error.code) && !saysSo ? [advice] : [])];
}
