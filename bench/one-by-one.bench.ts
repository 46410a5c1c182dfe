/** A service that stores one image a call: what a search and an insert cost at the start, and 400 calls later. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LanceStore, lancedbStore } from "../src/adapters/lancedb/index.js";
import type { RowBatch } from "../src/contracts/index.js";
import { atMost, type BenchSection, median, plain, spread } from "./harness.js";
import { vectorSource } from "./vectors.js";

const dimension = 512;
const startRows = 25_000;
const calls = 400;
const collectionName = "photos";
const calm = new AbortController().signal;

export async function oneByOne(): Promise<BenchSection> {
  const path = await mkdtemp(join(tmpdir(), "headrace-bench-"));
  const store = lancedbStore({ path });
  await store.open(calm);
  try {
    await fill(store);
    const before = await searches(store);
    const inserts: number[] = [];
    for (let at = 0; at < calls; at += 1) inserts.push(await timed(() => insert(store, startRows + at)));
    const after = await searches(store);
    const [first, last] = [inserts.slice(0, 50), inserts.slice(-50)];
    return {
      name: "one-by-one",
      title: `${calls} calls of one image each into ${startRows} × ${dimension} in LanceDB`,
      command: "npm run bench -- one-by-one",
      figures: [
        plain("search at the start, ms", spread(before, 1)),
        plain("search after the calls, ms", spread(after, 1)),
        atMost("search after ÷ at the start, medians", median(after) / median(before), 4, 2),
        plain("insert, the first 50 calls, ms", spread(first, 1)),
        plain("insert, the last 50 calls, ms", spread(last, 1)),
        atMost("insert, last ÷ first, medians", median(last) / median(first), 2, 2),
      ],
    };
  } finally {
    await store.close();
    await rm(path, { recursive: true, force: true });
  }
}

const nextVector = vectorSource("embeddings", { dimension, seed: 1 });

async function fill(store: LanceStore): Promise<void> {
  const collection = await store.create(collectionName, { dimension, metric: "cosine", passport: null });
  for (let start = 0; start < startRows; start += 1_000) await collection.upsert(rows(start, 1_000), calm);
  await collection.upkeep("owed", calm);
  await collection.close();
}

/** What one `insertImages` does with the store. */
async function insert(store: LanceStore, at: number): Promise<void> {
  const collection = await store.openCollection(collectionName, "write");
  await collection.upsert(rows(at, 1), calm);
  await collection.settle(calm);
  await collection.upkeep("owed", calm);
  await collection.close();
}

async function searches(store: LanceStore): Promise<readonly number[]> {
  const collection = await store.openCollection(collectionName, "read");
  const ms: number[] = [];
  for (let at = 0; at < 30; at += 1) ms.push(await timed(() => collection.search([nextVector()], { topK: 10 })));
  await collection.close();
  return ms;
}

function rows(start: number, count: number): RowBatch {
  const names = Array.from({ length: count }, (_, at) => `image ${start + at}`);
  const vectors = new Float32Array(count * dimension);
  for (let row = 0; row < count; row += 1) vectors.set(nextVector(), row * dimension);
  const facts = names.map((name) => ({
    source: `file:///${name}.jpg`,
    root: "file:///",
    version: "1",
    content: name,
    metadata: {},
    metadataHash: "",
    width: 640,
    height: 480,
  }));
  return { ids: names, vectors, dimension, facts, ingestedAt: 0 };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}
