/** The end of a run for people: numbers that add up, failures by code, what limited it. */
import { duration, type IngestDocument, type MoveDocument, type ReportedFailure } from "../app/index.js";
import type { RunReport } from "../contracts/index.js";

export const rerunGoesOn = "To go on, run the same command again: what is stored is skipped.";

const endings = { completed: "Done", drained: "Stopped", aborted: "Stopped at once", failed: "Ended early" } as const;

export function summaryText(document: IngestDocument, howToGoOn: string | null): string {
  const { collection, read, stored, reused, skipped, failed, abandoned, elapsedMs, imagesPerSecond } = document;
  const parts = [
    `${format(stored)} stored${reused > 0 ? ` (${format(reused)} without inference)` : ""}`,
    `${format(skipped)} skipped`,
    `${format(failed)} failed`,
    ...(abandoned > 0 ? [`${format(abandoned)} abandoned`] : []),
  ];
  const lines = [
    `${endings[document.ended]}: ${format(read)} images read = ${parts.join(" + ")}, in ${duration(elapsedMs)} (${imagesPerSecond} images/s), collection ${collection}`,
    ...failureLines(document.failures, failed),
    ...(document.deadLetters === null ? [] : [`  all failures: ${document.deadLetters}`]),
    `  ${document.verdict}`,
    ...(howToGoOn === null ? [] : [`  ${howToGoOn}`]),
  ];
  return `${lines.join("\n")}\n`;
}

/** The same for rows that moved. */
export function moveText(document: MoveDocument, more: string | null): string {
  const { from, to, read, stored, skipped, failed, abandoned, elapsedMs, rowsPerSecond } = document;
  const parts = [
    `${format(stored)} stored`,
    `${format(skipped)} skipped`,
    `${format(failed)} failed`,
    ...(abandoned > 0 ? [`${format(abandoned)} abandoned`] : []),
  ];
  const lines = [
    `${endings[document.ended]}: ${format(read)} rows read = ${parts.join(" + ")}, in ${duration(elapsedMs)} (${rowsPerSecond} rows/s), ${from} to ${to}`,
    ...failureLines(document.failures, failed),
    ...(more === null ? [] : [`  ${more}`]),
  ];
  return `${lines.join("\n")}\n`;
}

/** Null for a run that came to its end. */
export function howToGoOn({ ended, error }: RunReport, goOn: string): string | null {
  if (ended === "completed") return null;
  return `${error === undefined ? "" : `[${error.code}] ${error.message} ${error.hint} `}${goOn}`;
}

/** One line a code, the most frequent first, with one example each. */
function failureLines(failures: readonly ReportedFailure[], failed: number): readonly string[] {
  const groups = [...groupByCode(failures)].sort(([, a], [, b]) => b.length - a.length);
  const more = failed > failures.length ? " at least" : "";
  return groups.map(
    ([code, [example, ...rest]]) => `  ${code}:${more} ${rest.length + 1}, for example ${example?.source}: ${example?.message}`,
  );
}

function groupByCode(failures: readonly ReportedFailure[]): Map<string, ReportedFailure[]> {
  const groups = new Map<string, ReportedFailure[]>();
  for (const failure of failures) groups.set(failure.code, [...(groups.get(failure.code) ?? []), failure]);
  return groups;
}

function format(value: number): string {
  return value.toLocaleString("en-US");
}
