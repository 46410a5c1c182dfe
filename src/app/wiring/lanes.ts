/** How wide the lanes of a run are, and when it gives up: settings, as a call overrides them. */

import type { Chain } from "../../chain/index.js";
import type { Embedder, RunOptions, VectorStore } from "../../contracts/index.js";
import { mebibyte, rowBytes } from "../../kit/index.js";
import type { IngestWidths } from "../../operations/index.js";
import type { Settings } from "../configuration/settings.js";
import { expectedFeed } from "./registry.js";

export interface LaneOverrides {
  readonly preprocessWorkers?: number;
  /** More or fewer than configured: requests that are kept open grow and shrink with it. */
  readonly embeddingWorkers?: number;
  readonly insertBatchSize?: number;
  readonly queueMaxsize?: number;
}

/** Before the model is known, a float32 tensor of 224 × 224 pixels is assumed. */
export function reserveFor(chain: Chain | null, dimension: number): number {
  const tensorBytes = chain === null ? 224 * 224 * 3 * 4 : rowBytes(chain.embedder.input);
  return tensorBytes + dimension * Float32Array.BYTES_PER_ELEMENT;
}

/** Batches that a run hands to its store at once: where they are written together, one group waits while another is written. */
export function batchesAtOnce(
  { asyncPipeline }: Settings,
  { maxWriters, gathers }: Pick<VectorStore, "maxWriters" | "gathers">,
  { batchRows, dimension }: { readonly batchRows: number; readonly dimension: number },
): number {
  const writers = Math.min(asyncPipeline.insertWorkers, maxWriters);
  if (gathers === undefined) return writers;
  const groupRows = Math.min(gathers.rows, gathers.bytes / (dimension * Float32Array.BYTES_PER_ELEMENT));
  return writers * Math.ceil((2 * groupRows) / batchRows);
}

export function ingestWidths(settings: Settings, embedder: Pick<Embedder, "feed"> | null, overrides: LaneOverrides): IngestWidths {
  const { asyncPipeline, preprocess, insert, triton } = settings;
  const feed = embedder?.feed ?? expectedFeed(settings);
  return {
    numWorkers: preprocess.numWorkers,
    preprocessWorkers: overrides.preprocessWorkers ?? asyncPipeline.preprocessWorkers,
    embedParallel: Math.max(1, Math.round(feed.parallel * embeddingShare(settings, overrides))),
    embedBatch: Math.min(preprocess.batchSize, feed.preferredBatch, feed.maxBatch),
    preprocessBatch: preprocess.batchSize,
    insertBatchSize: overrides.insertBatchSize ?? asyncPipeline.insertBatchSize,
    insertMaxBytes: insert.maxBytesMb * mebibyte,
    queueMaxsize: overrides.queueMaxsize ?? asyncPipeline.queueMaxsize,
    retry: { attempts: (triton?.maxRetries ?? 3) + 1, baseDelayMs: (triton?.retryDelay ?? 0.1) * 1000 },
  };
}

/** How many times the configured workers a call asks for: the embedder's own feed is for the configured number. */
function embeddingShare({ asyncPipeline }: Settings, { embeddingWorkers }: LaneOverrides): number {
  return embeddingWorkers === undefined ? 1 : embeddingWorkers / asyncPipeline.embeddingWorkers;
}

export function runOptions(settings: Settings, request: Pick<RunOptions, "schedule" | "signal" | "observer">): RunOptions {
  const { asyncPipeline, preprocess, limits, triton } = settings;
  const maxOutage = limits.maxOutage ?? triton?.maxOutage;
  return {
    ...(request.schedule === undefined ? {} : { schedule: request.schedule }),
    sequentialBatch: preprocess.batchSize,
    memoryBudgetBytes: asyncPipeline.memoryBudgetMb * mebibyte,
    ...(maxOutage === undefined ? {} : { maxOutageMs: maxOutage * 1000 }),
    ...(limits.maxFailures === null ? {} : { maxFailed: limits.maxFailures }),
    ...(limits.maxFailureRatio === null ? {} : { maxFailedRatio: limits.maxFailureRatio }),
    ...(request.signal === undefined ? {} : { signal: request.signal }),
    ...(request.observer === undefined ? {} : { observer: request.observer }),
  };
}
