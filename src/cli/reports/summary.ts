/** The summary of a run for people: counts that add up, failures by code, and what limited the speed. */
import { type IngestDocument, type MoveDocument, type Preview, type ReportedFailure, tooShortToSay } from "../../app/index.js";
import { counted, shownSource } from "../terminal/printable-text.js";
import { duration } from "../terminal/progress-line.js";

const endings = { completed: "Done", drained: "Stopped", aborted: "Stopped at once", failed: "Ended early" } as const;

/** `verb` says how the images came into the run. */
export function summaryText(
  document: IngestDocument,
  ending: readonly string[],
  verb: "listed" | "tried again" | "embedded again" | "carried over" = "listed",
): string {
  const { collection, read, stored, reused, skipped, failed, abandoned, elapsedMs, imagesPerSecond } = document;
  const parts = [
    `${format(stored)} stored${reused > 0 ? ` (${format(reused)} without inference)` : ""}`,
    `${format(skipped)} skipped`,
    `${format(failed)} failed`,
    ...(abandoned > 0 ? [`${format(abandoned)} abandoned`] : []),
  ];
  const speed = stored > reused ? ` (${imagesPerSecond} images/s)` : "";
  const lines = [
    `${endings[document.ended]}: ${counted(read, "image")} ${verb} = ${parts.join(" + ")}, in ${duration(elapsedMs)}${speed}, collection ${collection}`,
    ...leftOutLines(document.leftOut),
    ...leftOutColumnLines(document.leftOutColumns),
    ...abandonedLines(abandoned),
    ...failureLines(document.failures, failed),
    ...unlistedLines(document.unlistedFiles),
    ...deadLetterLines(document),
    ...(document.verdict === tooShortToSay ? [] : [`  ${document.verdict}`]),
    ...ending.map((line) => `  ${line}`),
  ];
  return `${lines.join("\n")}\n`;
}

/** The summary of a dry run. */
export function previewText(
  { listed, known, fresh, skipped, failed }: Preview,
  { leftOut, leftOutColumns }: Pick<IngestDocument, "leftOut" | "leftOutColumns">,
): string {
  const parts = [
    `${format(known)} are stored already`,
    `${format(fresh)} would be read`,
    ...(skipped > 0 ? [`${format(skipped)} would be skipped`] : []),
    ...(failed > 0 ? [`${format(failed)} would fail`] : []),
  ];
  const lines = [...leftOutLines(leftOut), ...leftOutColumnLines(leftOutColumns)];
  return `${[`${counted(listed, "image")} listed: ${parts.join(", ")}. Nothing was written.`, ...lines].join("\n")}\n`;
}

/** Maximum number of file extensions that are listed separately. The other extensions are added up. */
const maxExtensions = 5;
const maxColumns = 20;

function leftOutLines(leftOut: IngestDocument["leftOut"]): readonly string[] {
  const byCount = Object.entries(leftOut).sort(([, a], [, b]) => b - a);
  if (byCount.length === 0) return [];
  const named = byCount.slice(0, maxExtensions).map(([extension, count]) => leftOutText(extension, count));
  const others = byCount.slice(maxExtensions).reduce((sum, [, count]) => sum + count, 0);
  const texts = others === 0 ? named : [...named, `${format(others)} ${others === 1 ? "other" : "others"}`];
  const list = texts.length === 1 ? texts[0] : `${texts.slice(0, -1).join(", ")} and ${texts.at(-1)}`;
  return [`  left out, not images by their file extensions: ${list}`];
}

function leftOutColumnLines(columns: IngestDocument["leftOutColumns"]): readonly string[] {
  if (columns.length === 0) return [];
  const named = columns.slice(0, maxColumns).map(({ column, reason }) => `${column === "" ? "(no name)" : column} (${reason})`);
  const others = columns.length > maxColumns ? `, and ${columns.length - maxColumns} more` : "";
  return [`  columns of tables that are not stored: ${named.join(", ")}${others}`];
}

function leftOutText(extension: string, count: number): string {
  return extension === "(none)" ? `${format(count)} without an extension` : `${format(count)} ${extension}`;
}

/** Explains abandoned items. A hard stop can cut off a write, so the store may contain some of them. */
function abandonedLines(abandoned: number): readonly string[] {
  return abandoned === 0 ? [] : ["  abandoned: the run did not wait for them; some may be stored"];
}

/** Explains that the counts above do not contain the images of these files. */
function unlistedLines(files: number): readonly string[] {
  if (files === 0) return [];
  const [what, whose] =
    files === 1
      ? ["file that names images could not be read to its end: its", "it"]
      : ["files that name images could not be read to their ends: their", "them"];
  return [`  ${format(files)} ${what} other images are not counted, and rows of them are kept. To read ${whose} again: headrace retry`];
}

function deadLetterLines({ deadLetters, failed, failedEarlier }: IngestDocument): readonly string[] {
  if (deadLetters === null) return [];
  if (failed === 0) return [`  ${format(failedEarlier)} failed in earlier runs: ${deadLetters}`];
  const earlier = failedEarlier > 0 ? `, with ${format(failedEarlier)} of earlier runs` : "";
  return [`  all failures${earlier}: ${deadLetters}`];
}

/** The summary of a copy, an export or an import. */
export function moveText(document: MoveDocument, ending: readonly string[]): string {
  const { from, to, read, stored, skipped, failed, abandoned, elapsedMs, rowsPerSecond } = document;
  const parts = [
    `${format(stored)} stored`,
    `${format(skipped)} skipped`,
    `${format(failed)} failed`,
    ...(abandoned > 0 ? [`${format(abandoned)} abandoned`] : []),
  ];
  const lines = [
    `${endings[document.ended]}: ${counted(read, "row")} read = ${parts.join(" + ")}, in ${duration(elapsedMs)} (${rowsPerSecond} rows/s), ${from === to ? `in ${to}` : `${from} to ${to}`}`,
    ...abandonedLines(abandoned),
    ...failureLines(document.failures, failed),
    ...ending.map((line) => `  ${line}`),
  ];
  return `${lines.join("\n")}\n`;
}

/** Returns two lines per error code, the most frequent code first: an example, and what to do. */
function failureLines(failures: readonly ReportedFailure[], failed: number): readonly string[] {
  const groups = [...groupByCode(failures)].sort(([, a], [, b]) => b.length - a.length);
  const more = failed > failures.length ? " at least" : "";
  return groups.flatMap(([code, [example, ...rest]]) => [
    `  ${code}:${more} ${rest.length + 1}, for example ${exampleText(example)}`,
    `    ${example?.hint}`,
  ]);
}

/** Returns the source and the message of a failure. Most messages already begin with the source, which must not be printed twice. */
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
