/** The int8 graph against the shipped graph in floats, both with the embedded parts on 2,000 VGA photos: whole processes in turn. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeCorpus } from "../test/support/corpus/corpus.js";
import { alternate, atLeast, type BenchSection, median, plain, spread } from "./harness.js";
import { measureCommand } from "./processes.js";

const photos = 2_000;
const rounds = 3;
const corpusFolder = join(".cache", "corpus", "vga-2000");

interface IngestDocument {
  readonly stored: number;
  readonly imagesPerSecond: number;
  readonly peakRssBytes: number;
}

export async function int8Graph(): Promise<BenchSection> {
  await makeCorpus({ folder: corpusFolder, count: photos, seed: 2_000, sizes: "vga" });
  const peaks = { builtin: 0, "builtin-int8": 0 };
  const ingest = (model: keyof typeof peaks) => async (): Promise<number> => {
    const folder = await mkdtemp(join(tmpdir(), "headrace-bench-"));
    const settings = ["--set", `lancedb.path=${folder}`, "--set", `embedder.model=${model}`];
    const document = await measureCommand<IngestDocument>("ingest", corpusFolder, ...settings);
    await rm(folder, { recursive: true, force: true });
    if (document.stored !== photos) throw new Error(`${document.stored} of ${photos} photos were stored`);
    peaks[model] = Math.max(peaks[model], document.peakRssBytes / 1e6);
    return document.imagesPerSecond;
  };
  const speed = await alternate({ float: ingest("builtin"), int8: ingest("builtin-int8") }, rounds);
  return {
    name: "int8",
    title: `The int8 graph with the embedded parts, ${photos} VGA photos`,
    command: "npm run bench -- int8",
    figures: [
      plain("builtin (floats), images/s", spread(speed.float, 1)),
      plain("builtin-int8, images/s", spread(speed.int8, 1)),
      atLeast("int8 ÷ floats, median of the rounds", median(speed.int8.map((value, round) => value / speed.float[round]!)), 1.35, 3),
      plain(
        "peak memory of the whole process, MB, the worst run of each",
        `${peaks.builtin.toFixed(0)}, ${peaks["builtin-int8"].toFixed(0)}`,
      ),
    ],
  };
}
