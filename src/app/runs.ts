/** Starts the main job from settings: lanes, collection, passport, dead letters, and the end of a run. */
import { join } from "node:path";
import {
  type Collection,
  type Embedder,
  HeadraceError,
  type Metric,
  type Observer,
  type Outcome,
  type Run,
  type RunOptions,
  type RunReport,
  type RunSnapshot,
  type VectorStore,
} from "../contracts/index.js";
import { type Chain, type ChainReady, rowBytes } from "../kit/index.js";
import { DeadLetters, type IngestInput, ingest, type LaneSettings } from "../operations/index.js";
import type { Parts } from "./parts.js";
import { checkPassport } from "./passport.js";
import { expectedFeed } from "./registry.js";
import type { Settings } from "./settings.js";

export interface LaneOverrides {
  readonly preprocessWorkers?: number;
  readonly embeddingWorkers?: number;
  readonly insertBatchSize?: number;
  readonly queueMaxsize?: number;
}

export interface RunRequest {
  readonly inputs: (stop: AbortSignal) => AsyncIterable<IngestInput>;
  readonly collectionName: string;
  /** Type of the ids, for a collection that the run creates. Default "text". */
  readonly idType?: "text" | "int64";
  readonly schedule: "overlapped" | "sequential";
  readonly overrides?: LaneOverrides;
  readonly signal?: AbortSignal;
  readonly observer?: Observer;
  /** Called for every item, after the dead-letter file has taken note of it. */
  readonly onOutcome?: (outcome: Outcome) => void;
}

/** A run, and what is done around it. */
export interface IngestRun {
  /** Soft stop. */
  drain(): void;
  snapshot(): RunSnapshot;
  readonly deadLetterPath: string;
  /** The report, when upkeep and closing are done too. Rejects when those fail. */
  readonly done: Promise<InsertStats>;
}

/** How a run went, and what its collection's dead-letter file holds now. */
export interface InsertStats extends RunReport {
  /** Sources in the file. */
  readonly deadLetters: number;
  /** Those of them that failed in an earlier run and were not tried, or not mended, in this one. */
  readonly failedEarlier: number;
}

const mebibyte = 1024 * 1024;

export async function startIngest(parts: Parts, request: RunRequest): Promise<IngestRun> {
  const signal = request.signal ?? new AbortController().signal;
  const store = await parts.store(signal);
  const collection = await openOrCreate(store, parts, request, signal);
  try {
    const deadLetterPath = join(parts.settings.lancedb.path, "dead-letters", `${request.collectionName}.jsonl`);
    const deadLetters = await DeadLetters.open(deadLetterPath);
    const run = await startRun(parts, store, collection, deadLetters, request, signal);
    return { drain: () => run.drain(), snapshot: () => run.snapshot(), deadLetterPath, done: finish(run, collection, deadLetters, signal) };
  } catch (error) {
    await collection.close();
    throw error;
  }
}

async function startRun(
  parts: Parts,
  store: VectorStore,
  collection: Collection,
  deadLetters: DeadLetters,
  request: RunRequest,
  signal: AbortSignal,
): Promise<Run> {
  const { settings } = parts;
  const isEmpty = await collection.isEmpty(signal);
  const ready = checkedChain(parts, collection);
  const chain = isEmpty ? await ready(signal) : await parts.openChain;
  return ingest({
    name: "list",
    inputs: request.inputs,
    collection,
    lookups: isEmpty ? "omit" : "include",
    preprocess: chain !== null && chain.preprocessor === null ? "omit" : "include",
    readers: await parts.readers(),
    ready,
    maxFileBytes: settings.preprocess.maxFileMb * mebibyte,
    reserveBytes: reserveFor(chain, collection.dimension),
    lanes: laneSettings(settings, chain?.embedder ?? null, request.overrides ?? {}),
    maxWriters: store.maxWriters,
    settle: async (outcome) => {
      await deadLetters.settle(outcome);
      request.onOutcome?.(outcome);
    },
    options: runOptions(settings, request),
  });
}

async function openOrCreate(store: VectorStore, parts: Parts, request: RunRequest, signal: AbortSignal): Promise<Collection> {
  try {
    return await store.openCollection(request.collectionName, "write");
  } catch (error) {
    if (!HeadraceError.is(error) || error.code !== "collection_not_found") throw error;
  }
  const { embedder } = await parts.chain(signal);
  return store.create(request.collectionName, {
    dimension: embedder.dimension,
    metric: declaredMetric(parts.settings, request.collectionName),
    idType: request.idType ?? "text",
    passport: null,
  });
}

/** The collection of calls and commands that name none. */
export function defaultCollection({ milvus }: Settings): string {
  return milvus?.collectionName ?? "images";
}

/** The metric of a new collection: declared for it, else that of the milvus section, else cosine. */
export function declaredMetric({ collections, milvus }: Settings, name: string): Metric {
  const declared = collections.find((collection) => collection.name === name)?.index?.metric_type;
  return (declared ?? milvus?.metricType ?? "COSINE").toLowerCase() as Metric;
}

/** The chain, with its passport compared once for the run. */
function checkedChain(parts: Parts, collection: Collection): ChainReady {
  let checked: Promise<Chain> | undefined;
  const open = async (signal: AbortSignal): Promise<Chain> => {
    const chain = await parts.chain(signal);
    await checkPassport(collection, chain, "write", signal);
    return chain;
  };
  return (signal) => {
    checked ??= open(signal).catch((error: unknown) => {
      checked = undefined;
      throw error;
    });
    return checked;
  };
}

/** Before the model is known, a float32 tensor of 224 × 224 pixels is assumed. */
function reserveFor(chain: Chain | null, dimension: number): number {
  const tensorBytes = chain === null ? 224 * 224 * 3 * 4 : rowBytes(chain.embedder.input);
  return tensorBytes + dimension * Float32Array.BYTES_PER_ELEMENT;
}

export function laneSettings(settings: Settings, embedder: Embedder | null, overrides: LaneOverrides): LaneSettings {
  const { asyncPipeline, preprocess, insert, triton } = settings;
  const feed = embedder?.feed ?? expectedFeed(settings);
  return {
    numWorkers: preprocess.numWorkers,
    preprocessWorkers: overrides.preprocessWorkers ?? asyncPipeline.preprocessWorkers,
    embedParallel: feed.parallel * embeddingShare(settings, overrides),
    embedBatch: Math.min(preprocess.batchSize, feed.preferredBatch, feed.maxBatch),
    preprocessBatch: preprocess.batchSize,
    insertBatchSize: overrides.insertBatchSize ?? asyncPipeline.insertBatchSize,
    insertMaxBytes: insert.maxBytesMb * mebibyte,
    insertWorkers: asyncPipeline.insertWorkers,
    queueMaxsize: overrides.queueMaxsize ?? asyncPipeline.queueMaxsize,
    retry: { attempts: (triton?.maxRetries ?? 3) + 1, baseDelayMs: (triton?.retryDelay ?? 0.1) * 1000 },
  };
}

/** How many times the configured workers a call asks for: the embedder's own feed is for the configured number. */
function embeddingShare({ asyncPipeline }: Settings, { embeddingWorkers }: LaneOverrides): number {
  return embeddingWorkers === undefined ? 1 : Math.max(1, Math.round(embeddingWorkers / asyncPipeline.embeddingWorkers));
}

export function runOptions(settings: Settings, request: Pick<RunRequest, "schedule" | "signal" | "observer">): RunOptions {
  const { asyncPipeline, preprocess, limits, triton } = settings;
  const maxOutage = limits.maxOutage ?? triton?.maxOutage;
  return {
    schedule: request.schedule,
    sequentialBatch: preprocess.batchSize,
    memoryBudgetBytes: asyncPipeline.memoryBudgetMb * mebibyte,
    ...(maxOutage === undefined ? {} : { maxOutageMs: maxOutage * 1000 }),
    ...(limits.maxFailures === null ? {} : { maxFailed: limits.maxFailures }),
    ...(limits.maxFailureRatio === null ? {} : { maxFailedRatio: limits.maxFailureRatio }),
    ...(request.signal === undefined ? {} : { signal: request.signal }),
    ...(request.observer === undefined ? {} : { observer: request.observer }),
  };
}

async function finish(run: Run, collection: Collection, deadLetters: DeadLetters, signal: AbortSignal): Promise<InsertStats> {
  try {
    const report = await run.done;
    await deadLetters.finish();
    if (report.ended === "completed" || report.ended === "drained") await collection.settle(signal);
    if (report.ended === "completed") await collection.upkeep("owed", signal);
    return { ...report, deadLetters: deadLetters.size, failedEarlier: deadLetters.fromEarlierRuns };
  } finally {
    await collection.close();
  }
}
