/** Exit codes, and how an error is shown. */
import type { ErrorCode, HeadraceError, RunReport } from "../contracts/index.js";
import { withPlaces } from "./documents.js";

export const exitCodes = { ok: 0, failed: 1, usage: 2, someFailed: 3, interrupted: 130 } as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

const usageCodes: ReadonlySet<ErrorCode> = new Set([
  "usage_invalid",
  "config_invalid",
  "config_conflict",
  "config_not_found",
  "filter_invalid",
  "query_invalid",
  "name_invalid",
  "input_invalid",
]);

export function exitCodeOf(error: HeadraceError): ExitCode {
  if (error.code === "aborted") return exitCodes.interrupted;
  return usageCodes.has(error.code) ? exitCodes.usage : exitCodes.failed;
}

/** A run, and what went wrong after its last row. */
export type EndedRun = RunReport & { readonly upkeepError?: HeadraceError };

export function exitCodeOfRun(report: EndedRun, wasInterrupted: boolean): ExitCode {
  if (report.error !== undefined && report.ended === "failed") return exitCodeOf(report.error);
  if (wasInterrupted) return exitCodes.interrupted;
  if (report.upkeepError !== undefined) return exitCodeOf(report.upkeepError);
  return report.failed > 0 ? exitCodes.someFailed : exitCodes.ok;
}

/** The error as the one document of `--json`. */
export function errorDocument({ code, message, hint, item }: HeadraceError): object {
  return { error: { code, message, hint: withPlaces(hint), item: item ?? null } };
}

/** The same for a run's document: nothing when nothing went wrong with the run as a whole. */
export function runErrorDocument({ error, upkeepError }: EndedRun): object {
  const whole = error ?? upkeepError;
  return whole === undefined ? {} : errorDocument(whole);
}

/** The error for people; an unknown one with its stack, to be reported. */
export function errorText(error: HeadraceError): string {
  const stack = error.code === "unexpected" && error.cause instanceof Error ? `\n${error.cause.stack}` : "";
  return `[${error.code}] ${error.message}\n${withPlaces(error.hint)}${stack}\n`;
}
