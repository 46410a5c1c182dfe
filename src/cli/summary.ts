/** The end of a run for people: numbers that add up, failures by code, what limited it. */
import { duration, type IngestDocument, type MoveDocument, type ReportedFailure, tooShortToSay } from "../app/index.js";
import { counted, shownSource } from "./shown.js";

const endings = { completed: "Done", drained: "Stopped", aborted: "Stopped at once", failed: "Ended early" } as const;

export function summaryText(document: IngestDocument, ending: readonly string[]): string {
  const { collection, read, stored, reused, skipped, failed, abandoned, elapsedMs, imagesPerSecond } = document;
  const parts = [
    `${format(stored)} stored${reused > 0 ? ` (${format(reused)} without inference)` : ""}`,
    `${format(skipped)} skipped`,
    `${format(failed)} failed`,
    ...(abandoned > 0 ? [`${format(abandoned)} abandoned`] : []),
  ];
  const speed = stored > reused ? ` (${imagesPerSecond} images/s)` : "";
  const lines = [
    `${endings[document.ended]}: ${counted(read, "image")} listed = ${parts.join(" + ")}, in ${duration(elapsedMs)}${speed}, collection ${collection}`,
    ...failureLines(document.failures, failed),
    ...deadLetterLines(document),
    ...(document.verdict === tooShortToSay ? [] : [`  ${document.verdict}`]),
    ...ending.map((line) => `  ${line}`),
  ];
  return `${lines.join("\n")}\n`;
}

function deadLetterLines({ deadLetters, failed, failedEarlier }: IngestDocument): readonly string[] {
  if (deadLetters === null) return [];
  if (failed === 0) return [`  ${format(failedEarlier)} failed in earlier runs: ${deadLetters}`];
  const earlier = failedEarlier > 0 ? `, with ${format(failedEarlier)} of earlier runs` : "";
  return [`  all failures${earlier}: ${deadLetters}`];
}

/** The same for rows that moved. */
export function moveText(document: MoveDocument, ending: readonly string[]): string {
  const { from, to, read, stored, skipped, failed, abandoned, elapsedMs, rowsPerSecond } = document;
  const parts = [
    `${format(stored)} stored`,
    `${format(skipped)} skipped`,
    `${format(failed)} failed`,
    ...(abandoned > 0 ? [`${format(abandoned)} abandoned`] : []),
  ];
  const lines = [
    `${endings[document.ended]}: ${counted(read, "row")} read = ${parts.join(" + ")}, in ${duration(elapsedMs)} (${rowsPerSecond} rows/s), ${from} to ${to}`,
    ...failureLines(document.failures, failed),
    ...ending.map((line) => `  ${line}`),
  ];
  return `${lines.join("\n")}\n`;
}

/** Two lines a code, the most frequent first: one example, and what to do about it. */
function failureLines(failures: readonly ReportedFailure[], failed: number): readonly string[] {
  const groups = [...groupByCode(failures)].sort(([, a], [, b]) => b.length - a.length);
  const more = failed > failures.length ? " at least" : "";
  return groups.flatMap(([code, [example, ...rest]]) => [
    `  ${code}:${more} ${rest.length + 1}, for example ${shownSource(example?.source ?? "")}: ${example?.message}`,
    `    ${example?.hint}`,
  ]);
}

function groupByCode(failures: readonly ReportedFailure[]): Map<string, ReportedFailure[]> {
  const groups = new Map<string, ReportedFailure[]>();
  for (const failure of failures) groups.set(failure.code, [...(groups.get(failure.code) ?? []), failure]);
  return groups;
}

function format(value: number): string {
  return value.toLocaleString("en-US");
}
