/** `compareSchedules`: measures both schedules in turn on the caller's own images, parts and settings. */

import type { InputStream } from "../../sources/index.js";
import type { ServiceConfig } from "../configuration/service-config.js";
import { ImageEmbeddingPipeline } from "../pipeline.js";
import { runTrial, type Trial, type TrialStage } from "./trial.js";

export interface CompareOptions {
  /** The images. Called once per run. */
  readonly inputs: InputStream;
  /** Runs of each schedule. */
  readonly rounds: number;
  /** Called before each run. */
  readonly onRun?: (run: { readonly schedule: "async" | "sync"; readonly round: number }) => void;
  readonly signal?: AbortSignal;
}

/** The medians of all runs of one schedule. `stages`: those of the run whose speed is the median. */
export interface ScheduleResult extends Pick<Trial, "imagesPerSecond" | "gpuBusy" | "cpuShare" | "peakRssBytes"> {
  readonly stages: readonly TrialStage[];
}

/** Both schedules under the same settings. */
export interface ScheduleComparison {
  readonly name: string;
  readonly images: number;
  readonly async: ScheduleResult;
  readonly sync: ScheduleResult;
  /** Images per second, async ÷ sync. */
  readonly ratio: number;
  /** The runs whose speeds are the medians. */
  readonly runs: { readonly async: Trial; readonly sync: Trial };
}

const schedules = { sync: "sequential", async: "overlapped" } as const;

/** Runs sync, async, sync, async …, so that a machine that changes its speed changes it for both. */
export async function compareSchedules(config: ServiceConfig, options: CompareOptions): Promise<ScheduleComparison> {
  const { inputs, rounds, onRun, signal = new AbortController().signal } = options;
  await using pipeline = await ImageEmbeddingPipeline.open(config, { signal });
  const trials: Record<"async" | "sync", Trial[]> = { async: [], sync: [] };
  for (let round = 1; round <= rounds; round += 1) {
    for (const schedule of ["sync", "async"] as const) {
      onRun?.({ schedule, round });
      trials[schedule].push(await runTrial(pipeline, { inputs, schedule: schedules[schedule], signal }));
    }
  }
  const runs = { async: middle(trials.async), sync: middle(trials.sync) };
  const [async, sync] = [result(trials.async, runs.async), result(trials.sync, runs.sync)];
  const ratio = Math.round((async.imagesPerSecond / sync.imagesPerSecond) * 1000) / 1000;
  return { name: "configured", images: runs.async.stats.stored, async, sync, ratio, runs };
}

function result(trials: readonly Trial[], { stages }: Trial): ScheduleResult {
  const busy = trials.flatMap(({ gpuBusy }) => (gpuBusy === null ? [] : [gpuBusy]));
  return {
    imagesPerSecond: median(trials.map(({ imagesPerSecond }) => imagesPerSecond)),
    gpuBusy: busy.length === 0 ? null : median(busy),
    cpuShare: median(trials.map(({ cpuShare }) => cpuShare)),
    peakRssBytes: median(trials.map(({ peakRssBytes }) => peakRssBytes)),
    stages,
  };
}

/** The trial with the median speed; of an even number, the faster of the two in the middle. */
function middle(trials: readonly Trial[]): Trial {
  return trials.toSorted((a, b) => a.imagesPerSecond - b.imagesPerSecond)[Math.floor(trials.length / 2)]!;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
