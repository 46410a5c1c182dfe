/** The embedded default on 2,000 VGA photos: both schedules in turn, against what the processors allow. */
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { makeCorpus } from "../test/support/corpus/corpus.js";
import { alternate, atLeast, atMost, type BenchSection, median, plain, spread } from "./harness.js";
import { measureCommand, measureScript } from "./processes.js";

const photos = 2_000;
const rounds = 3;
const corpusFolder = join(".cache", "corpus", "vga-2000");

interface IngestDocument {
  readonly stored: number;
  readonly elapsedMs: number;
  readonly imagesPerSecond: number;
  readonly peakRssBytes: number;
  readonly stages: readonly { readonly name: string; readonly busyShare: number; readonly starvedShare: number }[];
}

export async function embeddedDefault(): Promise<BenchSection> {
  await makeCorpus({ folder: corpusFolder, count: photos, seed: 2_000, sizes: "vga" });
  const last = new Map<string, IngestDocument>();
  const ingest = (schedule: "async" | "sync") => async (): Promise<number> => {
    const folder = await mkdtemp(join(tmpdir(), "headrace-bench-"));
    const document = await measureCommand<IngestDocument>(
      "ingest",
      corpusFolder,
      "--pipeline",
      schedule,
      "--set",
      `lancedb.path=${folder}`,
    );
    await rm(folder, { recursive: true, force: true });
    if (document.stored !== photos) throw new Error(`${document.stored} of ${photos} photos were stored`);
    last.set(schedule, document);
    peaks.push(document.peakRssBytes / 1e6);
    return document.imagesPerSecond;
  };
  const peaks: number[] = [];
  const limit = async (): Promise<number> => {
    const { decodeCpuMs, inferenceCpuMs } = await measureScript<{ decodeCpuMs: number; inferenceCpuMs: number }>("cpu-limit", corpusFolder);
    return (photos / (decodeCpuMs + inferenceCpuMs)) * 1000 * availableParallelism();
  };
  const speed = await alternate({ limit, async: ingest("async"), sync: ingest("sync") }, rounds);
  const ratios = speed.async.map((value, round) => value / (speed.limit[round] ?? Number.NaN));
  return {
    name: "embedded",
    title: `The embedded default: sharp → ONNX Runtime → LanceDB, ${photos} VGA photos`,
    command: "npm run bench -- embedded",
    figures: [
      plain("what the processors allow (CPU time of decoding alone + inference alone, over the cores), images/s", spread(speed.limit, 1)),
      plain("overlapped, images/s", spread(speed.async, 1)),
      plain("sequential, images/s", spread(speed.sync, 1)),
      atLeast("overlapped ÷ what the processors allow, median of the rounds", median(ratios), 0.9, 3),
      atLeast("overlapped ÷ sequential, medians", median(speed.async) / median(speed.sync), 1, 3),
      atMost("peak memory of the whole process, MB, the worst of all runs", Math.max(...peaks), 550, 0),
      plain("busy and starved, overlapped", sharesText(last.get("async"))),
      plain("busy and starved, sequential", sharesText(last.get("sync"))),
    ],
  };
}

function sharesText(document: IngestDocument | undefined): string {
  const stages = document?.stages ?? [];
  return stages.map(({ name, busyShare, starvedShare }) => `${name} ${percent(busyShare)} / ${percent(starvedShare)}`).join(", ");
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
