/** CPU time of the main thread per image in the whole command, embedded default: the slope between a short and a long run. */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { makeCorpus } from "../test/support/corpus/corpus.js";
import { atMost, type BenchSection, median, plain, spread } from "./harness.js";
import { measureMain } from "./processes.js";

const [few, many] = [600, 2_000];
const rounds = 3;
const corpusFolder = resolve(".cache", "corpus", "vga-2000");

export async function mainThread(): Promise<BenchSection> {
  await makeCorpus({ folder: corpusFolder, count: many, seed: many, sizes: "vga" });
  const photos = (await readdir(corpusFolder)).filter((name) => /\.(jpg|png|webp)$/.test(name)).map((name) => join(corpusFolder, name));
  const [short, long] = [[], []] as [number[], number[]];
  for (let round = 0; round < rounds; round += 1) {
    short.push(await mainThreadMs(photos.slice(0, few)));
    long.push(await mainThreadMs(photos.slice(0, many)));
  }
  return {
    name: "main-thread",
    title: `CPU time of the main thread in the embedded default, between ${few} and ${many} VGA photos`,
    command: "npm run bench -- main-thread",
    figures: [
      atMost("ms per image", (median(long) - median(short)) / (many - few), 0.3, 3),
      plain(`the whole run of ${few} photos, ms`, spread(short, 0)),
      plain(`the whole run of ${many} photos, ms`, spread(long, 0)),
    ],
  };
}

async function mainThreadMs(photos: readonly string[]): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "headrace-bench-"));
  try {
    const list = join(folder, "list");
    await writeFile(list, photos.join("\n"));
    const preload = fileURLToPath(new URL("./main-thread-preload.js", import.meta.url));
    const cpuFile = join(folder, "main-thread-ms");
    const { stored } = await measureMain<{ readonly stored: number }>(
      ["--import", preload],
      { HEADRACE_BENCH_MAIN_THREAD: cpuFile, UV_THREADPOOL_SIZE: String(availableParallelism() + 4), MALLOC_ARENA_MAX: "2" },
      ["ingest", "--files-from", list, "--set", `lancedb.path=${join(folder, "data")}`],
    );
    if (stored !== photos.length) throw new Error(`${stored} of ${photos.length} photos were stored`);
    return Number(await readFile(cpuFile, "utf8"));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
