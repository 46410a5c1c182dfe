/** Searches a collection before and while the command re-embeds it: `node reembed-run.js lancedb|milvus`. Prints the times as JSON. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { link, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { lancedbStore } from "../src/adapters/lancedb/index.js";
import { milvusStore } from "../src/adapters/milvus/index.js";
import { ImageEmbeddingPipeline, ServiceConfig } from "../src/app/index.js";
import type { ImageFacts, VectorStore } from "../src/contracts/index.js";
import { fileUri, keyOf, metadataHash } from "../src/kit/index.js";
import { makeCorpus } from "../test/support/corpus/corpus.js";
import { startMilvus } from "../test/support/services/milvus.js";
import { median } from "./harness.js";
import { vectorSource } from "./vectors.js";

export interface SearchTimes {
  readonly searches: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface ReembedBench {
  readonly before: SearchTimes;
  readonly during: SearchTimes;
  /** Rows that the command has embedded in the time of `during`. */
  readonly embedded: number;
  readonly seconds: number;
}

const [rows, clients, thinkMs, forMs] = [20_000, 5, 100, 45_000];
const dimension = 1280;
const batchRows = 1_000;
const corpusFolder = join(".cache", "corpus", "vga-100");
const signal = new AbortController().signal;

const [kind = "lancedb"] = process.argv.slice(2);
await mkdir(".cache", { recursive: true });
const folder = await mkdtemp(join(resolve(".cache"), "reembed-"));
const server = kind === "milvus" ? await startMilvus() : null;
try {
  process.stdout.write(`${JSON.stringify(await measure(server?.address ?? null))}\n`);
} finally {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
}

async function measure(address: string | null): Promise<ReembedBench> {
  const [host = "", port = ""] = address?.split(":") ?? [];
  const data = join(folder, "data");
  const collection = `bench_reembed_${process.pid}`;
  const milvus = address === null ? {} : { milvus: { host, port: Number(port) } };
  await using pipeline = await ImageEmbeddingPipeline.open(new ServiceConfig({ lancedb: { path: data }, ...milvus }));
  const corpus = await makeCorpus({ folder: corpusFolder, count: 100, seed: 100, sizes: "vga" });
  const jpegs = corpus.photos.filter(({ format }) => format === "jpg").map(({ file }) => join(corpusFolder, file));
  const photos = await Promise.all(jpegs.map((file) => readFile(file)));
  await pipeline.insertImages({ inputs: [jpegs[0]!], collectionName: collection });
  await fill(address === null ? lancedbStore({ path: data }) : milvusStore({ host, port: Number(port) }), collection, jpegs);
  const search = async (seq: number): Promise<void> =>
    void (await pipeline.searchImages(photos[seq % photos.length]!, { collectionName: collection }));
  await timesOf(search, 5_000);
  const before = await timesOf(search, forMs);
  const config = join(folder, "new.yaml");
  const store = address === null ? "" : `milvus:\n  host: ${host}\n  port: ${port}\n`;
  await writeFile(config, `preprocess:\n  preset: clip\nlancedb:\n  path: ${data}\n${store}`);
  const command = spawn(
    process.execPath,
    ["dist/cli/launcher.js", "reembed", collection, "--alias", `${collection}_live`, "--config", config, "--quiet"],
    {
      stdio: ["ignore", "ignore", "inherit"],
    },
  );
  const exit = once(command, "exit");
  const filled = async (): Promise<number> =>
    (await pipeline.listCollections()).find(({ name }) => name !== collection && name.startsWith(collection))?.count ?? 0;
  while ((await filled()) === 0 && command.exitCode === null) await pause(200);
  const [startedMs, first] = [performance.now(), await filled()];
  const during = await timesOf(search, forMs);
  const embedded = (await filled()) - first;
  const seconds = (performance.now() - startedMs) / 1000;
  command.kill("SIGTERM");
  await exit;
  await cleanUp(pipeline, collection);
  return { before, during, embedded, seconds };
}

/** Some clients that each search, wait for a moment, and search again. */
async function timesOf(search: (seq: number) => Promise<void>, durationMs: number): Promise<SearchTimes> {
  const times: number[] = [];
  const startedMs = performance.now();
  let seq = 0;
  const client = async (): Promise<void> => {
    while (performance.now() - startedMs < durationMs) {
      const beganMs = performance.now();
      seq += 1;
      await search(seq);
      times.push(performance.now() - beganMs);
      await pause(thinkMs);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  const sorted = times.toSorted((a, b) => a - b);
  return { searches: times.length, p50Ms: median(times), p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN };
}

/** Rows whose sources are links to the photos, with vectors that the model did not make. */
async function fill(store: VectorStore, name: string, jpegs: readonly string[]): Promise<void> {
  const photos = join(folder, "photos");
  await mkdir(photos);
  const next = vectorSource("embeddings", { dimension, seed: 1 });
  await store.open?.(signal);
  const collection = await store.openCollection(name, "write");
  for (let start = 0; start < rows; start += batchRows) {
    const paths = Array.from({ length: batchRows }, (_, row) => join(photos, `${start + row}.jpg`));
    await Promise.all(paths.map((path, row) => link(jpegs[(start + row) % jpegs.length]!, path)));
    const facts = paths.map((path) => factsOf(fileUri(path)));
    const vectors = new Float32Array(batchRows * dimension);
    for (let row = 0; row < batchRows; row += 1) vectors.set(unit(next()), row * dimension);
    await collection.upsert({ ids: facts.map(({ source }) => keyOf(source)), vectors, dimension, facts, ingestedAt: 0 }, signal);
  }
  await collection.settle(signal);
  await collection.upkeep("all", signal);
  await collection.close();
  await store.close?.();
}

/** Milvus keeps its collections. */
async function cleanUp(pipeline: ImageEmbeddingPipeline, collection: string): Promise<void> {
  for (const { alias } of await pipeline.aliases.list()) if (alias.startsWith(collection)) await pipeline.aliases.drop(alias);
  for (const { name } of await pipeline.listCollections()) if (name.startsWith(collection)) await pipeline.dropCollection(name);
}

function factsOf(source: string): ImageFacts {
  return {
    source,
    root: source,
    version: "1",
    content: keyOf(source),
    metadata: {},
    metadataHash: metadataHash({}),
    width: 640,
    height: 480,
  };
}

function unit(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}
