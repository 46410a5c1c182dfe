/** The embedded default on 2,000 VGA photos: both schedules in turn, against what the processors allow. */
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { makeCorpus } from "../test/support/corpus/corpus.js";
import { alternate, atLeast, atMost, type BenchSection, median, plain, spread } from "./harness.js";
import { measureCommand, measureScript } from "./processes.js";

const photos = 2_000;
const morePhotos = 5_000;
const rounds = 3;
const corpusOf = (count: number): string => join(".cache", "corpus", `vga-${count}`);

interface IngestDocument {
  readonly stored: number;
  readonly elapsedMs: number;
  readonly imagesPerSecond: number;
  readonly peakRssBytes: number;
  readonly stages: readonly { readonly name: string; readonly busyShare: number; readonly starvedShare: number }[];
}

export async function embeddedDefault(): Promise<BenchSection> {
  for (const count of [photos, morePhotos]) await makeCorpus({ folder: corpusOf(count), count, seed: count, sizes: "vga" });
  const last = new Map<string, IngestDocument>();
  const ingest = async (schedule: "async" | "sync", count: number): Promise<IngestDocument> => {
    const folder = await mkdtemp(join(tmpdir(), "headrace-bench-"));
    const document = await measureCommand<IngestDocument>(
      "ingest",
      corpusOf(count),
      "--pipeline",
      schedule,
      "--set",
      `lancedb.path=${folder}`,
    );
    await rm(folder, { recursive: true, force: true });
    if (document.stored !== count) throw new Error(`${document.stored} of ${count} photos were stored`);
    last.set(schedule, document);
    peaks.push(document.peakRssBytes / 1e6);
    return document;
  };
  const speedOf = (schedule: "async" | "sync") => async () => (await ingest(schedule, photos)).imagesPerSecond;
  /** Images per second after the start of the run. */
  const steady = async (): Promise<number> => {
    const [few, many] = [await ingest("async", photos), await ingest("async", morePhotos)];
    return ((morePhotos - photos) / (many.elapsedMs - few.elapsedMs)) * 1000;
  };
  const peaks: number[] = [];
  const limit = async (): Promise<number> => {
    const { decodeCpuMs, inferenceCpuMs } = await measureScript<{ decodeCpuMs: number; inferenceCpuMs: number }>(
      "cpu-limit",
      corpusOf(photos),
    );
    return (photos / (decodeCpuMs + inferenceCpuMs)) * 1000 * availableParallelism();
  };
  const speed = await alternate({ limit, async: speedOf("async"), steady, sync: speedOf("sync") }, rounds);
  const ofLimit = (speeds: readonly number[]): number => median(speeds.map((value, round) => value / (speed.limit[round] ?? Number.NaN)));
  return {
    name: "embedded",
    title: `The embedded default: sharp → ONNX Runtime → LanceDB, ${photos} VGA photos`,
    command: "npm run bench -- embedded",
    figures: [
      plain("what the processors allow (CPU time of decoding alone + inference alone, over the cores), images/s", spread(speed.limit, 1)),
      plain("overlapped, images/s", spread(speed.async, 1)),
      plain("sequential, images/s", spread(speed.sync, 1)),
      atLeast("overlapped ÷ what the processors allow, median of the rounds", ofLimit(speed.async), 0.93, 3),
      plain(`the same between ${photos} and ${morePhotos} photos, without the start of the run`, ofLimit(speed.steady).toFixed(3)),
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
