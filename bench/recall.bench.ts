/** Recall of LanceDB's vector index: how many of the ten nearest rows a search with the index finds. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { lancedbStore } from "../src/adapters/lancedb/index.js";
import type { Collection, ImageFacts, Key, RowBatch } from "../src/contracts/index.js";
import { vectorSource } from "./vectors.js";

export interface RecallOptions {
  /** Default 50,000. */
  readonly rows?: number;
  /** Default 1,280. */
  readonly dimension?: number;
  /** Default 200. */
  readonly queries?: number;
  /** "embeddings": 500 clusters in a space of 64 directions, with noise in all. "uniform": no structure, the worst case. Default "embeddings". */
  readonly data?: "embeddings" | "uniform";
  /** Default "auto". */
  readonly index?: string;
}

export interface Recall {
  readonly index: string;
  /** 0 to 1: of the ten nearest by exact search, how many the index finds. */
  readonly recallAt10: number;
  /** Largest difference between a score and the exact cosine. */
  readonly scoreError: number;
  readonly rowsPerSecond: number;
  readonly finishMs: number;
  readonly exactMsPerQuery: number;
  readonly indexMsPerQuery: number;
}

/** Fills a collection, asks the same queries before and after upkeep built the index, and compares. */
export async function measureRecall(options: RecallOptions = {}): Promise<Recall> {
  const { rows = 50_000, dimension = 1280, queries = 200, data = "embeddings", index = "auto" } = options;
  const path = await mkdtemp(join(tmpdir(), "headrace-recall-"));
  const store = lancedbStore({ path });
  const { signal } = new AbortController();
  await store.open(signal);
  try {
    const collection = await store.create("recall", { dimension, metric: "cosine", index, passport: null });
    const next = vectorSource(data, { dimension, seed: 1 });
    const writingMs = await fill(collection, rows, next);
    const asked = Array.from({ length: queries }, next);
    const exact = await timed(() => ask(collection, asked));
    const finishing = await timed(() => collection.upkeep("owed", signal));
    const found = await timed(() => ask(collection, asked));
    const { index: kind } = await collection.stats();
    await collection.close();
    return {
      index: kind,
      recallAt10: shareFound(exact.value, found.value),
      scoreError: largestError(exact.value, found.value),
      rowsPerSecond: Math.round((rows / writingMs) * 1000),
      finishMs: Math.round(finishing.ms),
      exactMsPerQuery: exact.ms / queries,
      indexMsPerQuery: found.ms / queries,
    };
  } finally {
    await store.close();
    await rm(path, { recursive: true });
  }
}

type Answers = readonly ReadonlyMap<Key, number>[];

/** In writes of 500; the time that they took, without that of making the rows. */
async function fill(collection: Collection, rows: number, next: () => Float32Array): Promise<number> {
  const { signal } = new AbortController();
  let writingMs = 0;
  for (let start = 0; start < rows; start += 500) {
    const made = batch(start, Math.min(500, rows - start), collection.dimension, next);
    writingMs += (await timed(() => collection.upsert(made, signal))).ms;
  }
  return writingMs;
}

async function ask(collection: Collection, queries: readonly Float32Array[]): Promise<Answers> {
  const answers = await collection.search(queries, { topK: 10 });
  return answers.map((hits) => new Map(hits.map(({ id, score }) => [id, score])));
}

function batch(start: number, rows: number, dimension: number, next: () => Float32Array): RowBatch {
  const vectors = new Float32Array(rows * dimension);
  const facts = Array.from({ length: rows }, (_, row): ImageFacts => {
    vectors.set(next(), row * dimension);
    const source = `file:///photos/${start + row}.jpg`;
    return { source, root: "file:///photos", version: "1", content: source, metadata: {}, metadataHash: "", width: 1, height: 1 };
  });
  return { ids: facts.map(({ source }) => source), vectors, dimension, facts, ingestedAt: Date.now() };
}

function shareFound(exact: Answers, found: Answers): number {
  const hits = exact.map((wanted, query) => [...wanted.keys()].filter((id) => found[query]!.has(id)).length / wanted.size);
  return hits.reduce((sum, share) => sum + share, 0) / hits.length;
}

function largestError(exact: Answers, found: Answers): number {
  const errors = exact.flatMap((wanted, query) => [...wanted].map(([id, score]) => Math.abs((found[query]!.get(id) ?? score) - score)));
  return Math.max(...errors);
}

async function timed<T>(call: () => Promise<T>): Promise<{ readonly value: T; readonly ms: number }> {
  const start = performance.now();
  const value = await call();
  return { value, ms: performance.now() - start };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [rows = "50000", dimension = "1280", data = "embeddings", index = "auto"] = process.argv.slice(2);
  const options = { rows: Number(rows), dimension: Number(dimension), data: data === "uniform" ? "uniform" : "embeddings", index } as const;
  console.log(JSON.stringify({ ...options, ...(await measureRecall(options)) }, null, 2));
}
