/** One measured run over a sample of images, into a collection of its own that is dropped afterwards. */
import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { HeadraceError, type RunEvent, type StageReport } from "../../contracts/index.js";
import { stageShares } from "../../insight/index.js";
import type { InputStream } from "../../sources/index.js";
import type { ImageEmbeddingPipeline } from "../pipeline.js";
import type { InsertStats } from "../runs/ingest-images.js";

export interface TrialRequest {
  /** Called once per trial, so it must give the same images each time. */
  readonly inputs: InputStream;
  readonly schedule: "overlapped" | "sequential";
  readonly signal: AbortSignal;
}

/** How one stage spent its time, and how long its batches took. */
export interface TrialStage extends ReturnType<typeof stageShares> {
  readonly name: string;
  readonly workers: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** The times of all stages since the beginning of the run, at one moment. */
export interface Moment {
  readonly atMs: number;
  readonly stages: readonly StageReport[];
}

export interface Trial {
  readonly imagesPerSecond: number;
  /** Share (0 to 1) of the time in which the model's servers were busy. null: see `gpu` of `InsertStats`. */
  readonly gpuBusy: number | null;
  /** Share (0 to 1) of the time of all cores that this process used. */
  readonly cpuShare: number;
  /** The most memory of this process during the trial. Memory that an earlier trial left counts too. */
  readonly peakRssBytes: number;
  readonly stages: readonly TrialStage[];
  readonly moments: readonly Moment[];
  readonly stats: InsertStats;
}

/** Prefix of the collections of trials. A trial that is killed leaves its collection behind. */
const trialPrefix = "headrace_trial_";
const sampleEveryMs = 50;

export async function runTrial(pipeline: ImageEmbeddingPipeline, { inputs, schedule, signal }: TrialRequest): Promise<Trial> {
  const collectionName = `${trialPrefix}${randomUUID().slice(0, 8)}`;
  const batchMs = new Map<string, number[]>();
  const observer = (event: RunEvent): void => {
    if (event.kind !== "batch-done") return;
    const times = batchMs.get(event.stage) ?? [];
    batchMs.set(event.stage, times);
    times.push(event.elapsedMs);
  };
  const cpuBefore = process.cpuUsage();
  const run = await pipeline.ingest({ inputs, collectionName, schedule, signal, observer });
  const moments: Moment[] = [];
  let peakRssBytes = 0;
  const sample = (): void => {
    const { elapsedMs, stages } = run.snapshot();
    moments.push({ atMs: elapsedMs, stages });
    peakRssBytes = Math.max(peakRssBytes, process.memoryUsage.rss());
  };
  const timer = setInterval(sample, sampleEveryMs);
  try {
    const stats = await run.done;
    sample();
    const { user, system } = process.cpuUsage(cpuBefore);
    if (stats.ended === "aborted") throw new HeadraceError("aborted", "the caller stopped the measurement", { cause: signal.reason });
    if (stats.error !== undefined) throw stats.error;
    if (stats.stored === 0) throw nothingStored(stats);
    return {
      imagesPerSecond: rounded((stats.stored / stats.elapsedMs) * 1000, 10),
      gpuBusy: stats.gpu?.busyShare ?? null,
      cpuShare: rounded((user + system) / 1000 / (stats.elapsedMs * availableParallelism()), 1000),
      peakRssBytes,
      stages: stats.stages.map((stage) => trialStage(stage, batchMs.get(stage.name) ?? [])),
      moments,
      stats,
    };
  } finally {
    clearInterval(timer);
    await drop(pipeline, collectionName);
    await rm(run.deadLetterPath, { force: true });
  }
}

async function drop(pipeline: ImageEmbeddingPipeline, name: string): Promise<void> {
  try {
    await pipeline.dropCollection(name, { keep: "nothing" });
  } catch (error) {
    // The first row creates the collection, so a trial that stored nothing has none.
    if (!HeadraceError.is(error) || error.code !== "collection_not_found") throw error;
  }
}

function nothingStored({ read, failed }: InsertStats): HeadraceError {
  return new HeadraceError("input_invalid", `measurement: expected images that can be stored, found ${read}, of which ${failed} failed`, {
    hint: "Name a folder with images.",
  });
}

function trialStage(stage: StageReport, batchMs: readonly number[]): TrialStage {
  const sorted = batchMs.toSorted((a, b) => a - b);
  const at = (share: number): number => rounded(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0, 10);
  return { name: stage.name, workers: stage.workers, ...stageShares(stage), p50Ms: at(0.5), p99Ms: at(0.99) };
}

function rounded(value: number, steps: number): number {
  return Math.round(value * steps) / steps;
}
