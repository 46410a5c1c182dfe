/** LanceDB as a table grows to a million rows, through the whole main job with a fake decoder and embedder. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { launcherVariables } from "../src/cli/process/launcher-variables.js";
import { type GrowthPanel, growthPicture, logSpaced } from "./growth-picture.js";
import { atLeast, atMost, type BenchSection, type Figure, median, plain } from "./harness.js";
import type { MillionRun } from "./million-run.js";
import { killedScript, measureScriptUnder } from "./processes.js";

/** Fewer for a quick look: `HEADRACE_BENCH_ROWS=100000 npm run bench -- million`. */
const rows = Number(process.env.HEADRACE_BENCH_ROWS ?? 1_000_000);

/** The sizes of the collections that are searched. */
const sizes = [...[10_000, 30_000, 100_000, 300_000, 1_000_000].filter((size) => size < rows), rows];

interface Runs {
  readonly first: MillionRun;
  readonly again: MillionRun;
}

interface Growth {
  readonly size: number;
  readonly measured: MillionRun;
}

export async function millionRows(): Promise<BenchSection> {
  setMemoryVariables();
  const growths: Growth[] = [];
  for (const size of sizes.slice(0, -1)) growths.push({ size, measured: (await run(size, 512)).first });
  const narrow = await run(rows, 512);
  growths.push({ size: rows, measured: narrow.first });
  const wide = await run(Math.ceil(rows * 0.3), 1280);
  return {
    name: "million",
    title: `${rows} images into a new LanceDB table, fake decoder and embedder, \`insert_batch_size\` 100`,
    command: "npm run bench -- million",
    figures: [
      ...figures(narrow, rows, 512, 15_000),
      plain(
        `a search by vector, 512 numbers, median, ms: ${sizes.map(thousands).join(", ")} rows`,
        growths.map(({ measured }) => median(measured.searches).toFixed(1)).join(", "),
      ),
      ...figures(wide, Math.ceil(rows * 0.3), 1280, 7_000),
    ],
    picture: {
      file: "million.svg",
      text: `Rows per second, memory, and milliseconds per search against the number of rows, from ${thousands(sizes[0]!)} to ${thousands(rows)}`,
      svg: growthPicture(`LanceDB from ${thousands(sizes[0]!)} to ${thousands(rows)} rows of 512 numbers`, panels(growths)),
    },
  };
}

/** A run that is killed when nine tenths of its rows are stored, and the same run again. */
export async function millionKilled(): Promise<BenchSection> {
  setMemoryVariables();
  const folder = await mkdtemp(join(tmpdir(), "headrace-million-"));
  try {
    await killedScript("million-run", folder, String(rows), "512", String(rows * 0.9));
    const { stored, skipped, firstStoredMs, ms, index, peakBytes } = await measureScriptUnder<MillionRun>(
      [],
      "million-run",
      folder,
      String(rows),
      "512",
    );
    if (stored + skipped !== rows) throw new Error(`${stored} stored, ${skipped} skipped of ${rows}`);
    return {
      name: "million-killed",
      title: `${rows} images of 512 numbers into LanceDB: killed with nine tenths of them stored, and run again`,
      command: "npm run bench -- million-killed",
      figures: [
        atMost("the second run: until its first new row is stored, s", firstStoredMs! / 1000, 10, 1),
        plain("the second run: rows stored, and skipped", `${stored}, ${skipped}`),
        plain("the second run: whole call, s; the vector index afterwards", `${(ms / 1000).toFixed(1)}, ${index}`),
        atMost("the second run: peak memory of the process, MB", peakBytes / 1e6, 700, 0),
      ],
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What the launcher gives the command. */
function setMemoryVariables(): void {
  Object.assign(process.env, { ...launcherVariables(), ...process.env });
}

function panels(growths: readonly Growth[]): readonly GrowthPanel[] {
  const moments = logSpaced(growths.at(-1)!.measured.moments);
  const starts = [{ rows: 0, atMs: 0 }, ...moments];
  return [
    {
      title: "Rows stored per second",
      points: moments.map(({ rows: at, atMs }, index) => [at, ((at - starts[index]!.rows) / (atMs - starts[index]!.atMs)) * 1000]),
      promise: { value: 15_000, text: "promised: at least 15,000" },
    },
    {
      title: "Memory of the process, MB",
      points: moments.map((moment) => [moment.rows, moment.memoryBytes / 1e6]),
      promise: { value: 700, text: "promised: at most 700" },
    },
    {
      title: "Milliseconds per search for the ten nearest rows, median",
      points: growths.map(({ size, measured }) => [size, median(measured.searches)]),
      promise: { value: 8, text: "promised: at most 8" },
    },
  ];
}

function thousands(count: number): string {
  return count.toLocaleString("en-US");
}

/** Stores the rows, and then the same rows again in a process of its own. */
async function run(count: number, dimension: number): Promise<Runs> {
  const folder = await mkdtemp(join(tmpdir(), "headrace-million-"));
  const measured = (): Promise<MillionRun> => measureScriptUnder<MillionRun>([], "million-run", folder, String(count), String(dimension));
  try {
    const [first, again] = [await measured(), await measured()];
    if (first.stored !== count || again.skipped !== count) throw new Error(`${first.stored} stored, ${again.skipped} skipped of ${count}`);
    return { first, again };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function figures({ first: run, again }: Runs, count: number, dimension: number, leastSpeed: number): readonly Figure[] {
  const what = (text: string): string => `${count} × ${dimension}: ${text}`;
  const raw = count * dimension * Float32Array.BYTES_PER_ELEMENT;
  const [first, last] = [run.speeds[0]!, run.speeds.at(-1)!];
  return [
    atLeast(what(`rows/s, the slowest ${run.stepRows} rows`), Math.min(...run.speeds), leastSpeed, 0),
    atLeast(what(`the last ${run.stepRows} rows ÷ the first, rows/s`), last / first, 0.8, 2),
    atMost(what("peak memory of the process, index included, MB"), run.peakBytes / 1e6, 700, 0),
    atMost(what("disk while it runs ÷ the vectors alone"), run.peakDiskBytes / raw, 2, 2),
    atMost(what("disk at the end ÷ the vectors alone"), run.endDiskBytes / raw, 1.25, 2),
    plain(what("upkeep after the last row, s; files at the end"), `${(run.upkeepMs / 1000).toFixed(1)}, ${run.files}`),
    atMost(what("the same inputs again, all known, s"), again.ms / 1000, 60 * (count / 1_000_000), 1),
    atMost(what("the same inputs again, in a process of its own: peak memory, MB"), again.peakBytes / 1e6, 600, 0),
  ];
}
