/** Derives the numbers of workers and the limits of a run from the settings and the options of a call. */

import type { Chain } from "../../chain/index.js";
import type { Embedder, RunOptions, VectorStore } from "../../contracts/index.js";
import { mebibyte, rowBytes } from "../../kit/index.js";
import type { IngestWidths } from "../../operations/index.js";
import type { Settings } from "../configuration/settings.js";
import { decodeWorkersOf, expectedFeed, imagesPerDecodeWorker, usualBatch } from "./registry.js";

export interface LaneOverrides {
  readonly preprocessWorkers?: number;
  /**
   * Overrides `async_pipeline.embedding_workers`, and the instances of a Triton model. The number of concurrent requests to the embedder
   * changes in proportion, up or down.
   */
  readonly embeddingWorkers?: number;
  readonly insertBatchSize?: number;
  readonly queueMaxsize?: number;
}

/** Returns the bytes to reserve per item. Until the model is known, assumes a float32 tensor of 224 × 224 pixels. */
export function reserveFor(chain: Chain | null, dimension: number): number {
  const tensorBytes = chain === null ? 224 * 224 * 3 * 4 : rowBytes(chain.embedder.input);
  return tensorBytes + dimension * Float32Array.BYTES_PER_ELEMENT;
}

/**
 * Returns the number of concurrent batches to the store. A store that combines batches into larger writes gets enough batches for two
 * writes: one is written while the other fills.
 */
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

type LaneEmbedder = Pick<Embedder, "name" | "feed">;

export function ingestWidths(settings: Settings, embedder: LaneEmbedder | null, overrides: LaneOverrides): IngestWidths {
  const { asyncPipeline, preprocess, insert, triton } = settings;
  const feed = embedder?.feed ?? expectedFeed(settings);
  return {
    numWorkers: preprocess.numWorkers,
    preprocessWorkers: overrides.preprocessWorkers ?? decodeWorkersOf(settings),
    imagesPerDecodeWorker,
    embedParallel: Math.max(1, Math.round(feed.parallel * embeddingShare(settings, embedder, overrides))),
    embedBatch: Math.min(preprocess.batchSize ?? Number.POSITIVE_INFINITY, feed.preferredBatch, feed.maxBatch),
    preprocessBatch: preprocess.batchSize ?? usualBatch,
    insertBatchSize: overrides.insertBatchSize ?? asyncPipeline.insertBatchSize,
    insertMaxBytes: insert.maxBytesMb * mebibyte,
    insertLingerMs: asyncPipeline.insertLingerMs,
    queueMaxsize: overrides.queueMaxsize ?? asyncPipeline.queueMaxsize,
    retry: { attempts: (triton?.maxRetries ?? 3) + 1, baseDelayMs: (triton?.retryDelay ?? 0.1) * 1000 },
  };
}

/** Returns the ratio of requested workers to those that the embedder's feed assumes. */
function embeddingShare(settings: Settings, embedder: LaneEmbedder | null, { embeddingWorkers }: LaneOverrides): number {
  return embeddingWorkers === undefined ? 1 : embeddingWorkers / assumedWorkers(settings, embedder);
}

/** Triton's feed follows the number of instances of the model, other feeds follow the settings. */
function assumedWorkers({ asyncPipeline, triton }: Settings, embedder: LaneEmbedder | null): number {
  if (embedder?.name !== "triton") return asyncPipeline.embeddingWorkers;
  return embedder.feed.parallel / (asyncPipeline.inflightPerWorker * (triton?.urls?.length ?? 1));
}

/** How long a service may be away, in milliseconds. Absent: the default. */
export function outageLimit({ limits, triton }: Settings): Pick<RunOptions, "maxOutageMs"> {
  const maxOutage = limits.maxOutage ?? triton?.maxOutage;
  return maxOutage === undefined ? {} : { maxOutageMs: maxOutage * 1000 };
}

export function runOptions(settings: Settings, request: Pick<RunOptions, "schedule" | "signal" | "observer">): RunOptions {
  const { asyncPipeline, preprocess, limits } = settings;
  return {
    ...(request.schedule === undefined ? {} : { schedule: request.schedule }),
    sequentialBatch: preprocess.batchSize ?? usualBatch,
    memoryBudgetBytes: asyncPipeline.memoryBudgetMb * mebibyte,
    ...outageLimit(settings),
    ...(limits.maxFailures === null ? {} : { maxFailed: limits.maxFailures }),
    ...(limits.maxFailureRatio === null ? {} : { maxFailedRatio: limits.maxFailureRatio }),
    ...(request.signal === undefined ? {} : { signal: request.signal }),
    ...(request.observer === undefined ? {} : { observer: request.observer }),
  };
}
