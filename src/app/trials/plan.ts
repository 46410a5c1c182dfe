/** `planRun`: predicts time, memory and disk of a large run from a short one. */
import type { Limit } from "../../insight/index.js";
import type { InputStream } from "../../sources/index.js";
import type { ServiceConfig } from "../configuration/service-config.js";
import { ImageEmbeddingPipeline } from "../pipeline.js";
import { runTrial } from "./trial.js";

export interface PlanOptions {
  /** The sample of images. */
  readonly inputs: InputStream;
  /** Number of images of the run to plan. */
  readonly images: number;
  readonly signal?: AbortSignal;
}

/** What a run is predicted to need. */
export interface RunPlan {
  readonly images: number;
  readonly seconds: number;
  /** What limits the speed. null: the sample was too short to say. */
  readonly limit: Limit | null;
  /** `limit` in words. */
  readonly verdict: string;
  /** An estimate for the rows: vectors and about 400 bytes of other columns. Vector indexes and old versions of a table need more. */
  readonly diskBytes: number;
  readonly memoryBytes: number;
  /** Number of images in the sample. */
  readonly sampled: number;
  readonly imagesPerSecond: number;
}

/** A row besides its vector: source, version, hashes and sizes. */
const rowBytesWithoutVector = 400;

/** Embeds the sample into a collection of its own in the configured store, drops the collection, and reckons up. */
export async function planRun(
  config: ServiceConfig,
  { inputs, images, signal = new AbortController().signal }: PlanOptions,
): Promise<RunPlan> {
  await using pipeline = await ImageEmbeddingPipeline.open(config, { signal });
  const trial = await runTrial(pipeline, { inputs, schedule: "overlapped", signal });
  const { stored, limit, verdict } = trial.stats;
  const rowBytes = (await pipeline.dimension()) * Float32Array.BYTES_PER_ELEMENT + rowBytesWithoutVector;
  return {
    images,
    seconds: Math.ceil(images / trial.imagesPerSecond),
    limit,
    verdict,
    diskBytes: images * rowBytes,
    memoryBytes: trial.peakRssBytes,
    sampled: stored,
    imagesPerSecond: trial.imagesPerSecond,
  };
}
