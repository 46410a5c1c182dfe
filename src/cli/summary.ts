/** The end of a run for people: numbers that add up, failures by code, what limited it. */
import { duration, type IngestDocument, type ReportedFailure } from "../app/index.js";

export function summaryText(document: IngestDocument, howToGoOn: string | null): string {
  const { collection, read, stored, reused, skipped, failed, abandoned, elapsedMs, imagesPerSecond } = document;
  const how = { completed: "Done", drained: "Stopped", aborted: "Stopped at once", failed: "Ended early" }[document.ended];
  const parts = [
    `${format(stored)} stored${reused > 0 ? ` (${format(reused)} without inference)` : ""}`,
    `${format(skipped)} skipped`,
    `${format(failed)} failed`,
    ...(abandoned > 0 ? [`${format(abandoned)} abandoned`] : []),
  ];
  const lines = [
    `${how}: ${format(read)} images read = ${parts.join(" + ")}, in ${duration(elapsedMs)} (${imagesPerSecond} images/s), collection ${collection}`,
    ...failureLines(document.failures, failed),
    ...(document.deadLetters === null ? [] : [`  all failures: ${document.deadLetters}`]),
    `  ${document.verdict}`,
    ...(howToGoOn === null ? [] : [`  ${howToGoOn}`]),
  ];
  return `${lines.join("\n")}\n`;
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
