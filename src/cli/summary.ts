/** The end of a run for people: numbers that add up, failures by code, what limited it. */
import { type IngestDocument, type MoveDocument, type Preview, type ReportedFailure, tooShortToSay } from "../app/index.js";
import { counted, shownSource } from "./printable-text.js";
import { duration } from "./progress-line.js";

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
    ...leftOutLines(document.leftOut),
    ...abandonedLines(abandoned),
    ...failureLines(document.failures, failed),
    ...deadLetterLines(document),
    ...(document.verdict === tooShortToSay ? [] : [`  ${document.verdict}`]),
    ...ending.map((line) => `  ${line}`),
  ];
  return `${lines.join("\n")}\n`;
}

/** The same for a run that was only tried. */
export function previewText({ listed, known, fresh, skipped, failed }: Preview, leftOut: IngestDocument["leftOut"]): string {
  const parts = [
    `${format(known)} are stored already`,
    `${format(fresh)} would be read`,
    ...(skipped > 0 ? [`${format(skipped)} would be skipped`] : []),
    ...(failed > 0 ? [`${format(failed)} would fail`] : []),
  ];
  return `${[`${counted(listed, "image")} listed: ${parts.join(", ")}. Nothing was written.`, ...leftOutLines(leftOut)].join("\n")}\n`;
}

/** Endings that are named; the others are added up. */
const maxEndings = 5;

function leftOutLines(leftOut: IngestDocument["leftOut"]): readonly string[] {
  const byCount = Object.entries(leftOut).sort(([, a], [, b]) => b - a);
  if (byCount.length === 0) return [];
  const named = byCount.slice(0, maxEndings).map(([ending, count]) => leftOutText(ending, count));
  const others = byCount.slice(maxEndings).reduce((sum, [, count]) => sum + count, 0);
  const texts = others === 0 ? named : [...named, `${format(others)} ${others === 1 ? "other" : "others"}`];
  const list = texts.length === 1 ? texts[0] : `${texts.slice(0, -1).join(", ")} and ${texts.at(-1)}`;
  return [`  left out, not images by their names: ${list}`];
}

function leftOutText(ending: string, count: number): string {
  return ending === "(none)" ? `${format(count)} without an ending` : `${format(count)} ${ending}`;
}

/** What was cut off may have been on its way into the store. */
function abandonedLines(abandoned: number): readonly string[] {
  return abandoned === 0 ? [] : ["  abandoned: not waited for; some of them may be stored"];
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
    ...abandonedLines(abandoned),
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
    `  ${code}:${more} ${rest.length + 1}, for example ${exampleText(example)}`,
    `    ${example?.hint}`,
  ]);
}

/** Most messages begin with what they are about, so that it is not said twice. */
function exampleText({ source, message }: Pick<ReportedFailure, "source" | "message"> = { source: "", message: "" }): string {
  const shown = shownSource(source);
  return message.startsWith(`${shown}:`) ? message : `${shown}: ${message}`;
}

function groupByCode(failures: readonly ReportedFailure[]): Map<string, ReportedFailure[]> {
  const groups = new Map<string, ReportedFailure[]>();
  for (const failure of failures) groups.set(failure.code, [...(groups.get(failure.code) ?? []), failure]);
  return groups;
}

function format(value: number): string {
  return value.toLocaleString("en-US");
}
