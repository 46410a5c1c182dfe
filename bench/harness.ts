/** Runs variants in turn, takes medians, and writes what was measured into RESULTS.md with machine and commit. */
import { spawnSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { availableParallelism, cpus, totalmem } from "node:os";

/** One measured number, and what it had to be. */
export interface Figure {
  readonly what: string;
  readonly value: string;
  /** Empty where nothing was promised. */
  readonly promise: string;
  /** Null where nothing was promised. */
  readonly isKept: boolean | null;
}

export interface BenchSection {
  /** Names its place in RESULTS.md. */
  readonly name: string;
  readonly title: string;
  /** The command that measures it again. */
  readonly command: string;
  readonly figures: readonly Figure[];
  readonly picture?: Picture;
}

/** A picture that is shown below the figures. */
export interface Picture {
  /** Name of the file beside RESULTS.md. */
  readonly file: string;
  /** What the picture shows, for readers who cannot see it. */
  readonly text: string;
  readonly svg: string;
}

/** Runs the variants A B A B …, so that a machine that changes its speed changes it for all. */
export async function alternate<N extends string>(
  variants: Readonly<Record<N, () => Promise<number>>>,
  rounds: number,
): Promise<Record<N, number[]>> {
  const names = Object.keys(variants) as N[];
  const measured = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<N, number[]>;
  for (let round = 0; round < rounds; round += 1) {
    for (const name of names) measured[name].push(await variants[name]());
  }
  return measured;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** "median (min–max)". */
export function spread(values: readonly number[], digits: number): string {
  return `${median(values).toFixed(digits)} (${Math.min(...values).toFixed(digits)}–${Math.max(...values).toFixed(digits)})`;
}

export function atLeast(what: string, value: number, least: number, digits: number, unit = ""): Figure {
  return { what, value: `${value.toFixed(digits)}${unit}`, promise: `≥ ${least}${unit}`, isKept: value >= least };
}

export function atMost(what: string, value: number, most: number, digits: number, unit = ""): Figure {
  return { what, value: `${value.toFixed(digits)}${unit}`, promise: `≤ ${most}${unit}`, isKept: value <= most };
}

export function plain(what: string, value: string): Figure {
  return { what, value, promise: "", isKept: null };
}

/**
 * Prints the section and puts it in its place in RESULTS.md. Beside other work, only prints it, and says that it does not count. With
 * HEADRACE_BENCH_RECORDS=none, it only prints.
 */
export async function report(section: BenchSection, otherWork: string | null): Promise<void> {
  const text = sectionText(section, otherWork);
  process.stdout.write(`${text}\n`);
  if (otherWork !== null || process.env["HEADRACE_BENCH_RECORDS"] === "none") return;
  if (section.picture !== undefined) await writeFile(`bench/${section.picture.file}`, section.picture.svg);
  const path = "bench/RESULTS.md";
  const before = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "# Measured\n\nWritten by `npm run bench`; each section names its command, machine and commit.\n";
    throw error;
  });
  const [start, end] = [`<!-- ${section.name} -->`, `<!-- /${section.name} -->`];
  const block = `${start}\n${text}\n${end}`;
  const from = before.indexOf(start);
  const to = before.indexOf(end);
  const after = from < 0 || to < 0 ? `${before.trimEnd()}\n\n${block}\n` : before.slice(0, from) + block + before.slice(to + end.length);
  await writeFile(path, after);
}

function sectionText({ title, command, figures, picture }: BenchSection, otherWork: string | null): string {
  const kept = { true: "kept", false: "**not kept**", null: "" } as const;
  const verdict = (isKept: boolean | null): string => (otherWork === null || isKept === null ? kept[`${isKept}`] : "not counted");
  const rows = figures.map(({ what, value, promise, isKept }) => `| ${what} | ${value} | ${promise} | ${verdict(isKept)} |`);
  return [
    `## ${title}`,
    "",
    `\`${command}\` · ${machine()}`,
    "",
    ...(otherWork === null ? [] : [`Not counted: ${otherWork}. Measure again on a quiet machine.`, ""]),
    "| what | measured | promised | |",
    "| --- | --- | --- | --- |",
    ...rows,
    "",
    ...(picture === undefined ? [] : [`![${picture.text}](${picture.file})`, ""]),
  ].join("\n");
}

function machine(): string {
  const { stdout } = spawnSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" });
  const model = cpus()[0]?.model.trim() ?? "unknown processor";
  const day = new Date().toISOString().slice(0, 10);
  return `${availableParallelism()} cores of ${model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, commit ${stdout.trim()}, ${day}`;
}
