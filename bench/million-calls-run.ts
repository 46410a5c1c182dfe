/** Searches a table of so many rows, stores one image a call in it, and searches again: `node million-calls-run.js ROWS DIMENSION CALLS` */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lancedbStore } from "../src/adapters/lancedb/index.js";
import { memoryDecoder, memoryEmbedder } from "../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, ServiceConfig } from "../src/app/index.js";
import type { Collection, RowBatch } from "../src/contracts/index.js";
import { parseFilter } from "../src/filter/index.js";
import { quickVectorSource } from "./vectors.js";

/** What the script prints last. */
export interface MillionCalls {
  readonly fillMs: number;
  /** The vector index and the others. */
  readonly buildMs: number;
  readonly index: string;
  /** Of the ten nearest. */
  readonly recall: number;
  /** Milliseconds of each search, of each one with a filter that keeps 1 %, and of each after the calls. */
  readonly searches: readonly number[];
  readonly filtered: readonly number[];
  /** The same when the key of the filter has an index. */
  readonly filteredWithIndex: readonly number[];
  readonly filteredRecall: number;
  readonly searchesAfter: readonly number[];
  readonly calls: readonly number[];
  readonly files: { readonly before: number; readonly after: number };
  readonly peakBytes: number;
}

/** The ten nearest rows that were seen, by their cosine. */
class NearestRows {
  readonly #found: { readonly id: string; readonly score: number }[] = [];

  see(id: string, score: number): void {
    if (this.#found.length === topK && score <= this.#found.at(-1)!.score) return;
    this.#found.push({ id, score });
    this.#found.sort((a, b) => b.score - a.score);
    this.#found.length = Math.min(this.#found.length, topK);
  }

  get ids(): ReadonlySet<string> {
    return new Set(this.#found.map(({ id }) => id));
  }
}

const [rowsText = "1000000", dimensionText = "512", callsText = "1000"] = process.argv.slice(2);
const [rows, dimension, calls] = [Number(rowsText), Number(dimensionText), Number(callsText)];
const batchRows = 4_000;
const collectionName = "many";
const topK = 10;
const buckets = 100;
const rareBucket = parseFilter("bucket == 7");
const calm = new AbortController().signal;

const nextVector = quickVectorSource({ dimension, seed: 1 });
const queries = Array.from({ length: 50 }, () => normalized(nextVector()));
const nearest = queries.map(() => new NearestRows());
const nearestRare = queries.map(() => new NearestRows());

const folder = await mkdtemp(join(tmpdir(), "headrace-million-"));
const store = lancedbStore({ path: folder });
await store.open(calm);
const pipeline = await ImageEmbeddingPipeline.open(new ServiceConfig({ lancedb: { path: folder } }), {
  own: { store, decoder: memoryDecoder(), embedder: memoryEmbedder({ dimension }) },
});
let peakBytes = 0;
const watch = setInterval(() => {
  peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
}, 20);
try {
  await insert(-1);
  const collection = await store.openCollection(collectionName, "write");
  const fillMs = await timed(() => fill(collection));
  say(`filled in ${fillMs} ms`);
  const buildMs = await timed(() => collection.upkeep("owed", calm));
  say(`upkeep in ${buildMs} ms`);
  const { index } = await collection.stats();
  const recall = await recallOf(collection, nearest);
  const filteredRecall = await recallOf(collection, nearestRare, { filter: rareBucket });
  const searches = await searchAll(collection);
  const filtered = await searchAll(collection, { filter: rareBucket });
  await collection.buildIndex("bucket", calm);
  const filteredWithIndex = await searchAll(collection, { filter: rareBucket });
  await collection.close();
  say(`recall ${recall} and ${filteredRecall}, search ${middle(searches)} ms, filtered ${middle(filtered)} ms, ${index}`);
  say(`filtered with an index on the key ${middle(filteredWithIndex)} ms`);
  const before = await countFiles();
  const times: number[] = [];
  for (let call = 0; call < calls; call += 1) {
    times.push(await timed(() => insert(call)));
    if (call % 50 === 49) say(`${call + 1} calls, ${middle(times.slice(-50))} ms, the longest ${Math.max(...times.slice(-50))} ms`);
  }
  const reader = await store.openCollection(collectionName, "read");
  const searchesAfter = await searchAll(reader);
  await reader.close();
  say(`search after ${middle(searchesAfter)} ms`);
  const files = { before, after: await countFiles() };
  const recalls = { recall, filteredRecall };
  const measured = { searches, filtered, filteredWithIndex, searchesAfter, calls: times };
  const document: MillionCalls = { fillMs, buildMs, index, ...recalls, ...measured, files, peakBytes };
  process.stdout.write(`${JSON.stringify(document)}\n`);
} finally {
  clearInterval(watch);
  await pipeline.close();
  await rm(folder, { recursive: true, force: true });
}

async function fill(collection: Collection): Promise<void> {
  for (let start = 0; start < rows; start += batchRows) {
    const refused = await collection.upsert(rowsFrom(start, Math.min(batchRows, rows - start)), calm);
    if (refused.length > 0) throw refused[0]!.error;
  }
}

function rowsFrom(start: number, count: number): RowBatch {
  const ids = Array.from({ length: count }, (_, at) => `image ${start + at}`);
  const vectors = new Float32Array(count * dimension);
  for (const [row, id] of ids.entries()) {
    const vector = normalized(nextVector());
    vectors.set(vector, row * dimension);
    for (const [at, query] of queries.entries()) {
      const score = dot(query, vector);
      nearest[at]!.see(id, score);
      if ((start + row) % buckets === 7) nearestRare[at]!.see(id, score);
    }
  }
  const facts = ids.map((id, at) => ({
    source: `file:///photos/${id}.jpg`,
    root: "file:///photos",
    version: "1",
    content: `${id} in hexadecimal digits, as long as a fingerprint is`,
    metadata: { bucket: (start + at) % buckets },
    metadataHash: "",
    width: 640,
    height: 480,
  }));
  return { ids, vectors, dimension, facts, ingestedAt: 0 };
}

async function insert(call: number): Promise<void> {
  const image = new Uint8Array(64);
  new DataView(image.buffer).setInt32(1, call);
  const { stats } = await pipeline.insertImages({ inputs: [image], collectionName });
  if (stats.stored !== 1 || stats.upkeepError !== undefined) throw stats.upkeepError ?? new Error(`call ${call} stored ${stats.stored}`);
}

type Options = { readonly filter?: typeof rareBucket };

async function recallOf(collection: Collection, wanted: readonly NearestRows[], options: Options = {}): Promise<number> {
  let found = 0;
  for (const [at, query] of queries.entries()) {
    const [hits = []] = await collection.search([query], { topK, ...options });
    found += hits.filter(({ id }) => wanted[at]!.ids.has(String(id))).length;
  }
  return found / (queries.length * topK);
}

async function searchAll(collection: Collection, options: Options = {}): Promise<readonly number[]> {
  const ms: number[] = [];
  for (let round = 0; round < 4; round += 1) {
    for (const query of queries) ms.push(await timed(() => collection.search([query], { topK, ...options })));
  }
  return ms.slice(queries.length);
}

async function countFiles(): Promise<number> {
  return (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).length;
}

function normalized(vector: Float32Array): Float32Array {
  const norm = Math.sqrt(dot(vector, vector));
  return vector.map((value) => value / norm);
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at += 1) sum += a[at]! * b[at]!;
  return sum;
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

function say(text: string): void {
  process.stderr.write(`${text}; ${Math.round(peakBytes / 1e6)} MB\n`);
}
