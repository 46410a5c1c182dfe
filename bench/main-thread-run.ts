/** CPU time of the main thread in runs of the whole command over some VGA photos. */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { launcherVariables } from "../src/cli/process/launcher-variables.js";
import { makeCorpus } from "../test/support/corpus/corpus.js";
import { atMost, type Figure, median, plain, spread } from "./harness.js";
import { measureMain } from "./processes.js";

export interface MainThreadOptions {
  /** Numbers of images of the short and of the long runs. */
  readonly few: number;
  readonly many: number;
  readonly rounds: number;
  /** Arguments of one run; called once per run. Default: none. */
  readonly args?: () => readonly string[];
}

/** The time per image is the difference between short and long runs, so that the start and the end of a run do not count. */
export async function mainThreadFigures({ few, many, rounds, args = () => [] }: MainThreadOptions): Promise<readonly Figure[]> {
  const folder = resolve(".cache", "corpus", `vga-${many}`);
  await makeCorpus({ folder, count: many, seed: many, sizes: "vga" });
  const photos = (await readdir(folder)).filter((name) => /\.(jpg|png|webp)$/.test(name)).map((name) => join(folder, name));
  const [short, long] = [[], []] as [number[], number[]];
  for (let round = 0; round < rounds; round += 1) {
    short.push(await mainThreadMs(photos.slice(0, few), args()));
    long.push(await mainThreadMs(photos.slice(0, many), args()));
  }
  return [
    atMost("ms per image", (median(long) - median(short)) / (many - few), 0.3, 3),
    plain(`the whole run of ${few} photos, ms`, spread(short, 0)),
    plain(`the whole run of ${many} photos, ms`, spread(long, 0)),
  ];
}

async function mainThreadMs(photos: readonly string[], args: readonly string[]): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "headrace-bench-"));
  try {
    const list = join(folder, "list");
    await writeFile(list, photos.join("\n"));
    const preload = fileURLToPath(new URL("./main-thread-preload.js", import.meta.url));
    const cpuFile = join(folder, "main-thread-ms");
    const { stored } = await measureMain<{ readonly stored: number }>(
      ["--import", preload],
      { ...launcherVariables(), HEADRACE_BENCH_MAIN_THREAD: cpuFile },
      ["ingest", "--files-from", list, "--set", `lancedb.path=${join(folder, "data")}`, ...args],
    );
    if (stored !== photos.length) throw new Error(`${stored} of ${photos.length} photos were stored`);
    return Number(await readFile(cpuFile, "utf8"));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
