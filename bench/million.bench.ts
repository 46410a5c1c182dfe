/** LanceDB as a table grows to a million rows, through the whole main job with a fake decoder and embedder. */
import { atLeast, atMost, type BenchSection, type Figure, plain } from "./harness.js";
import type { MillionRun } from "./million-run.js";
import { measureScriptUnder } from "./processes.js";

/** Fewer for a quick look: `HEADRACE_BENCH_ROWS=100000 npm run bench -- million`. */
const rows = Number(process.env.HEADRACE_BENCH_ROWS ?? 1_000_000);

export async function millionRows(): Promise<BenchSection> {
  // What the launcher gives the command.
  process.env.MALLOC_ARENA_MAX ??= "2";
  const narrow = await run(rows, 512);
  const wide = await run(Math.ceil(rows * 0.3), 1280);
  return {
    name: "million",
    title: `${rows} images into a new LanceDB table, fake decoder and embedder, \`insert_batch_size\` 100`,
    command: "npm run bench -- million",
    figures: [...figures(narrow, rows, 512, 15_000), ...figures(wide, Math.ceil(rows * 0.3), 1280, 7_000)],
  };
}

async function run(count: number, dimension: number): Promise<MillionRun> {
  const measured = await measureScriptUnder<MillionRun>([], "million-run", String(count), String(dimension));
  if (measured.stored !== count) throw new Error(`${measured.stored} of ${count} rows were stored`);
  return measured;
}

function figures(run: MillionRun, count: number, dimension: number, leastSpeed: number): readonly Figure[] {
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
    atMost(what("the same inputs again, all known, s"), run.secondRun.ms / 1000, 60 * (count / 1_000_000), 1),
    atMost(what("the same inputs again: peak memory, MB"), run.secondRun.peakBytes / 1e6, 600, 0),
  ];
}
