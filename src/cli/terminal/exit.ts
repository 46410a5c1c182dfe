/** Exit codes, and the form in which errors are printed. */
import type { ErrorCode, HeadraceError, RunReport } from "../../contracts/index.js";
import { withDocumentPaths } from "./documents.js";

export const exitCodes = { ok: 0, failed: 1, usage: 2, someFailed: 3, interrupted: 130 } as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

const usageCodes: ReadonlySet<ErrorCode> = new Set([
  "usage_invalid",
  "config_invalid",
  "config_conflict",
  "config_not_found",
  "filter_invalid",
  "query_invalid",
  "word_unknown",
  "text_unavailable",
  "index_invalid",
  "name_invalid",
  "input_invalid",
]);

export function exitCodeOf(error: HeadraceError): ExitCode {
  if (error.code === "aborted") return exitCodes.interrupted;
  return usageCodes.has(error.code) ? exitCodes.usage : exitCodes.failed;
}

/** The report of a run. `upkeepError` is an error that happened after the last row was stored. */
export type EndedRun = RunReport & { readonly upkeepError?: HeadraceError };

export function exitCodeOfRun(report: EndedRun, wasInterrupted: boolean): ExitCode {
  if (report.error !== undefined && report.ended === "failed") return exitCodeOf(report.error);
  if (wasInterrupted) return exitCodes.interrupted;
  if (report.upkeepError !== undefined) return exitCodeOf(report.upkeepError);
  return report.failed > 0 ? exitCodes.someFailed : exitCodes.ok;
}

/** The JSON that `--json` prints for an error. */
export function errorDocument({ code, message, hint, item, retryable, suggestions = [] }: HeadraceError): object {
  return { error: { code, message, hint: withDocumentPaths(hint), item: item ?? null, retryable, suggestions } };
}

/**
 * The error of a run or of its upkeep, as part of the JSON that `--json` prints. Empty if there was none. Failures of single items do not
 * count.
 */
export function runErrorDocument({ error, upkeepError }: EndedRun): object {
  const whole = error ?? upkeepError;
  return whole === undefined ? {} : errorDocument(whole);
}

/** The text of an error for people. An unknown error includes its stack trace, for a bug report. */
export function errorText(error: HeadraceError): string {
  const stack = error.code === "unexpected" && error.cause instanceof Error ? `\n${error.cause.stack}` : "";
  return `[${error.code}] ${error.message}\n${withDocumentPaths(error.hint)}${stack}\n`;
}
