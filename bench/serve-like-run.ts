/** One process as a service is: many callers at once, each with one image. Prints what they got as JSON. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lancedbStore } from "../src/adapters/lancedb/index.js";
import { ImageEmbeddingPipeline, ServiceConfig } from "../src/app/index.js";
import type { RowBatch } from "../src/contracts/index.js";
import { HeadraceError } from "../src/contracts/index.js";
import { makeCorpus } from "../test/support/corpus/corpus.js";
import { withComment } from "./commented-jpeg.js";
import { median } from "./harness.js";
import { vectorSource } from "./vectors.js";

/** What one kind of caller got. */
export interface Calls {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly errors: Readonly<Record<string, number>>;
}

export interface ServeLikeRun {
  readonly searchingAlone: Calls;
  /** Processor time of the whole process for one of them, which a busy machine does not change. */
  readonly searchCpuMs: number;
  readonly searching: Calls;
  readonly inserting: Calls;
  /** Inserts that were acknowledged, and the rows that the collection has more at the end. */
  readonly acknowledged: number;
  readonly stored: number;
}

const [rows, clients, aloneMs, togetherMs] = [25_000, 10, 10_000, 60_000];
const dimension = 1280;
const batchRows = 1_000;
const corpusFolder = join(".cache", "corpus", "vga-100");
const calm = new AbortController().signal;

const path = await mkdtemp(join(tmpdir(), "headrace-bench-"));
try {
  const corpus = await makeCorpus({ folder: corpusFolder, count: 100, seed: 100, sizes: "vga" });
  const jpegs = corpus.photos.filter(({ format }) => format === "jpg").map(({ file }) => join(corpusFolder, file));
  const photos = await Promise.all(jpegs.map((file) => readFile(file)));
  const config = new ServiceConfig({ lancedb: { path } });
  await fill(config, photos[0]!);
  process.stdout.write(`${JSON.stringify(await serve(config, photos))}\n`);
} finally {
  await rm(path, { recursive: true, force: true });
}

async function serve(config: ServiceConfig, photos: readonly Buffer[]): Promise<ServeLikeRun> {
  await using pipeline = await ImageEmbeddingPipeline.open(config);
  const photo = (seq: number): Buffer => photos[seq % photos.length]!;
  const search = async (seq: number): Promise<void> => void (await pipeline.searchImages(photo(seq)));
  const insert = async (seq: number): Promise<void> => {
    const { stats } = await pipeline.insertImages({ inputs: [withComment(photo(seq), `insert ${seq}`)] });
    if (stats.stored !== 1) throw new HeadraceError("unexpected", `${stats.stored} stored, ${stats.failed} failed`);
  };
  await search(0);
  const before = await pipeline.count(pipeline.defaultCollection);
  const cpuBefore = process.cpuUsage();
  const [searchingAlone] = await callers([search], aloneMs);
  const cpu = process.cpuUsage(cpuBefore);
  const [searching, inserting] = await callers([search, insert], togetherMs);
  const stored = (await pipeline.count(pipeline.defaultCollection)) - before;
  return {
    searchingAlone: searchingAlone!.calls,
    searchCpuMs: (cpu.user + cpu.system) / 1000 / searchingAlone!.succeeded,
    searching: searching!.calls,
    inserting: inserting!.calls,
    acknowledged: inserting!.succeeded,
    stored,
  };
}

/** `clients` loops of each call, side by side until the time is over. */
async function callers(
  kinds: readonly ((seq: number) => Promise<void>)[],
  forMs: number,
): Promise<readonly { readonly calls: Calls; readonly succeeded: number }[]> {
  const startedMs = performance.now();
  return Promise.all(
    kinds.map(async (call) => {
      const times: number[] = [];
      const errors: Record<string, number> = {};
      let seq = 0;
      const client = async (): Promise<void> => {
        while (performance.now() - startedMs < forMs) {
          const beganMs = performance.now();
          seq += 1;
          try {
            await call(seq);
            times.push(performance.now() - beganMs);
          } catch (error) {
            const { code } = HeadraceError.from(error);
            errors[code] = (errors[code] ?? 0) + 1;
          }
        }
      };
      await Promise.all(Array.from({ length: clients }, client));
      const seconds = (performance.now() - startedMs) / 1000;
      const sorted = times.toSorted((a, b) => a - b);
      const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
      const calls = { perSecond: times.length / seconds, p50Ms: median(times), p95Ms: at(0.95), p99Ms: at(0.99), errors };
      return { calls, succeeded: times.length };
    }),
  );
}

/** A collection that the model made, with vectors that it did not make, index and all. */
async function fill(config: ServiceConfig, photo: Buffer): Promise<void> {
  const pipeline = await ImageEmbeddingPipeline.open(config);
  await pipeline.insertImages({ inputs: [photo] });
  await pipeline.close();
  const store = lancedbStore({ path });
  await store.open(calm);
  const collection = await store.openCollection(pipeline.defaultCollection, "write");
  const next = vectorSource("embeddings", { dimension, seed: 1 });
  for (let first = 0; first < rows; first += batchRows) await collection.upsert(batchOf(first, next), calm);
  await collection.settle(calm);
  await collection.upkeep("all", calm);
  await collection.close();
  await store.close();
}

function batchOf(first: number, next: () => Float32Array): RowBatch {
  const vectors = new Float32Array(batchRows * dimension);
  for (let row = 0; row < batchRows; row += 1) vectors.set(unit(next()), row * dimension);
  const names = Array.from({ length: batchRows }, (_, row) => `made:${first + row}`);
  const facts = names.map((source) => ({
    source,
    root: "made:",
    version: "1",
    content: source,
    metadata: {},
    metadataHash: "",
    width: 640,
    height: 480,
  }));
  return { ids: names, vectors, dimension, facts, ingestedAt: 0 };
}

function unit(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}
