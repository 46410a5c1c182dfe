/** Search with HNSW in a loaded collection while rows are written into it: how long it takes, and what it finds of the truth. */
import { setTimeout as delay } from "node:timers/promises";
import { type MilvusStore, milvusStore } from "../src/adapters/milvus/index.js";
import type { Collection, ImageFacts, RowBatch } from "../src/contracts/index.js";
import { startMilvus } from "../test/support/services/milvus.js";
import { atLeast, atMost, type BenchSection, plain } from "./harness.js";
import { vectorSource } from "./vectors.js";

const rows = 100_000;
const dimension = 512;
const seed = 11;
const queries = 1_000;
const topK = 10;
/** What a GPU of 8 ms + 4 ms a row delivers. */
const ingestRowsPerSecond = 235;
const ingestBatch = 47;
const writeBatch = 1_000;
const hnsw = { M: 16, efConstruction: 256, ef: 128 } as const;
const name = "bench_search";
const calm = new AbortController().signal;

export async function milvusSearch(): Promise<BenchSection> {
  const server = await startMilvus();
  const [host = "", port = ""] = server.address.split(":");
  const settings = { host, port: Number(port), indexType: "HNSW", ...hnsw, consistencyLevel: "Bounded" } as const;
  const store = milvusStore(settings, { index: "after" });
  await store.open(calm);
  try {
    await dropLeftOver(store);
    const section = await measure(store);
    await store.drop(name);
    return section;
  } finally {
    await store.close();
    await server.stop();
  }
}

async function measure(store: MilvusStore): Promise<BenchSection> {
  const collection = await store.create(name, { dimension, metric: "cosine", passport: null });
  const next = vectorSource("embeddings", { dimension, seed });
  const asked = Array.from({ length: queries }, next);
  const truth = new ExactNearest(asked);
  for (let start = 0; start < rows; start += writeBatch) {
    const batch = batchOf(start, writeBatch, next);
    truth.add(batch);
    await upsert(collection, batch);
  }
  const finishedAfterMs = await timed(() => collection.upkeep("owed", calm));
  await warmUp(collection, asked);
  const idle = await searchAll(collection, asked);
  const ingest = startIngest(collection, next, truth);
  const during = await searchAll(collection, asked);
  const { written, pace } = await ingest.stop();
  const count = await collection.count();
  if (count !== rows + written) throw new Error(`${name} holds ${count} rows, not ${rows + written}`);
  const after = await searchAll(collection, asked);
  const { index } = await collection.stats();
  return {
    name: "milvus-search",
    title: `Search in Milvus 2.3.5 during an ingest: ${rows.toLocaleString("en")} clustered vectors of ${dimension} dimensions, seed ${seed}, ${index}`,
    command: "npm run bench -- milvus-search",
    figures: [
      plain("index", `${index}, ${JSON.stringify(hnsw)}; ${queries} queries one after the other, the ${topK} nearest, Bounded`),
      plain("rows written meanwhile, at rows/s", `${written}, ${pace.toFixed(0)}`),
      plain("ms a search before the ingest: p50, p99", `${percentile(idle.ms, 50).toFixed(1)}, ${percentile(idle.ms, 99).toFixed(1)}`),
      plain("ms a search during the ingest: p50, p95", `${percentile(during.ms, 50).toFixed(1)}, ${percentile(during.ms, 95).toFixed(1)}`),
      atMost("ms a search during the ingest: p99", percentile(during.ms, 99), 25, 1),
      atLeast(`recall@${topK} before the ingest, against brute force`, truth.recall(idle.found, rows), 0.95, 4),
      atLeast(
        `recall@${topK} after it, over all ${(rows + written).toLocaleString("en")} rows`,
        truth.recall(after.found, rows + written),
        0.95,
        4,
      ),
      plain("seal, build and load the index, s", (finishedAfterMs / 1000).toFixed(1)),
    ],
  };
}

/** Of a run that failed. */
async function dropLeftOver(store: MilvusStore): Promise<void> {
  const found = await store.list();
  if (found.some((each) => each.name === name)) await store.drop(name);
}

/** Writes at an even pace until it is stopped. */
function startIngest(
  collection: Collection,
  next: () => Float32Array,
  truth: ExactNearest,
): { stop(): Promise<{ written: number; pace: number }> } {
  let written = 0;
  let stopped = false;
  const startedMs = performance.now();
  const writing = (async () => {
    while (!stopped) {
      const batch = batchOf(rows + written, ingestBatch, next);
      truth.add(batch);
      await upsert(collection, batch);
      written += ingestBatch;
      await delay(Math.max(0, startedMs + (written / ingestRowsPerSecond) * 1000 - performance.now()));
    }
  })();
  return {
    stop: async () => {
      stopped = true;
      await writing;
      return { written, pace: written / ((performance.now() - startedMs) / 1000) };
    },
  };
}

interface Answers {
  readonly ms: readonly number[];
  /** Row numbers, for each query. */
  readonly found: readonly (readonly number[])[];
}

async function searchAll(collection: Collection, asked: readonly Float32Array[]): Promise<Answers> {
  const ms: number[] = [];
  const found: number[][] = [];
  for (const query of asked) {
    const startedMs = performance.now();
    const [hits = []] = await collection.search([query], { topK });
    ms.push(performance.now() - startedMs);
    if (hits.length !== topK) throw new Error(`a search found ${hits.length} rows, not ${topK}`);
    found.push(hits.map(({ id }) => Number(id)));
  }
  return { ms, found };
}

async function warmUp(collection: Collection, asked: readonly Float32Array[]): Promise<void> {
  await searchAll(collection, asked.slice(0, 100));
}

async function upsert(collection: Collection, batch: RowBatch): Promise<void> {
  const [failure] = await collection.upsert(batch, calm);
  if (failure !== undefined) throw failure.error;
}

function batchOf(start: number, size: number, next: () => Float32Array): RowBatch {
  const vectors = new Float32Array(size * dimension);
  const facts = Array.from({ length: size }, (_, row): ImageFacts => {
    vectors.set(next(), row * dimension);
    const source = `file:///photos/${start + row}.jpg`;
    return { source, root: "file:///photos", version: "1", content: source, metadata: {}, metadataHash: "", width: 1, height: 1 };
  });
  return { ids: facts.map((_, row) => String(start + row)), vectors, dimension, facts, ingestedAt: Date.now() };
}

/** The nearest rows of each query by cosine, found by comparing with every row. */
class ExactNearest {
  readonly #queries: readonly Float32Array[];
  readonly #rows: Float32Array[] = [];

  constructor(queries: readonly Float32Array[]) {
    this.#queries = queries.map(unit);
  }

  add({ vectors, ids }: RowBatch): void {
    for (let row = 0; row < ids.length; row += 1) this.#rows.push(unit(vectors.subarray(row * dimension, (row + 1) * dimension)));
  }

  /** Share of the true nearest among the first `count` rows that was found, over every tenth query. */
  recall(found: Answers["found"], count: number): number {
    let hits = 0;
    let wanted = 0;
    for (let at = 0; at < this.#queries.length; at += 10) {
      const near = this.#nearest(this.#queries[at]!, count);
      hits += near.filter((row) => found[at]!.includes(row)).length;
      wanted += near.length;
    }
    return hits / wanted;
  }

  #nearest(query: Float32Array, count: number): readonly number[] {
    const scores = this.#rows.slice(0, count).map((row, number) => ({ number, score: dot(query, row) }));
    return scores
      .sort((a, b) => b.score - a.score)
      .slice(0, topK)
      .map(({ number }) => number);
  }
}

function unit(vector: Float32Array): Float32Array {
  const length = Math.sqrt(dot(vector, vector));
  return vector.map((value) => value / length);
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at += 1) sum += a[at]! * b[at]!;
  return sum;
}

function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}
