/**
 * Stores so many rows in LanceDB through the main job, searches them, and prints speed, memory and disk:
 * `node million-run.js ROWS DIMENSION`
 */
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memoryDecoder, memoryEmbedder } from "../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, ServiceConfig } from "../src/app/index.js";
import type { RunEvent } from "../src/contracts/index.js";
import { quickVectorSource } from "./vectors.js";

/** One moment of the run, each time that 10,000 more rows were stored. */
export interface Moment {
  readonly rows: number;
  /** Milliseconds since the start of the run. */
  readonly atMs: number;
  readonly memoryBytes: number;
}

/** What the script prints last. */
export interface MillionRun {
  readonly stored: number;
  /** Rows per second of each step. */
  readonly speeds: readonly number[];
  readonly stepRows: number;
  readonly moments: readonly Moment[];
  /** Milliseconds of each search for the ten nearest rows, when all rows are stored and upkeep is over. */
  readonly searches: readonly number[];
  readonly peakBytes: number;
  readonly peakDiskBytes: number;
  readonly endDiskBytes: number;
  /** The last row is stored; upkeep comes after it. */
  readonly storeMs: number;
  readonly upkeepMs: number;
  readonly files: number;
  readonly secondRun: { readonly ms: number; readonly skipped: number; readonly peakBytes: number };
}

const [rowsText = "1000000", dimensionText = "512"] = process.argv.slice(2);
const [rows, dimension] = [Number(rowsText), Number(dimensionText)];
const stepRows = Math.min(50_000, rows);
const momentRows = 10_000;
/** The first searches read the index from the disk, and are not counted. */
const [warmSearches, countedSearches] = [20, 100];
const folder = await mkdtemp(join(tmpdir(), "headrace-million-"));
const pipeline = await ImageEmbeddingPipeline.open(
  new ServiceConfig({ lancedb: { path: folder }, asyncPipeline: { insertBatchSize: 100, preprocessWorkers: 4 } }),
  {
    own: {
      decoder: memoryDecoder(),
      embedder: memoryEmbedder({ dimension, feed: { preferredBatch: 32, maxBatch: 32, parallel: 4 } }),
    },
  },
);
try {
  const first = await watched(() => insert());
  const disk = await diskUse();
  process.stderr.write(`upkeep ${Math.round(first.ms - first.result.storeMs)} ms, peak ${Math.round(first.peakBytes / 1e6)} MB\n`);
  const second = await watched(() => insert());
  const document: MillionRun = {
    stored: first.result.stored,
    speeds: first.result.speeds,
    stepRows,
    moments: first.result.moments,
    searches: await searchAll(),
    peakBytes: first.peakBytes,
    peakDiskBytes: first.peakDiskBytes,
    endDiskBytes: disk.bytes,
    storeMs: first.result.storeMs,
    upkeepMs: first.ms - first.result.storeMs,
    files: disk.files,
    secondRun: { ms: second.ms, skipped: second.result.skipped, peakBytes: second.peakBytes },
  };
  process.stdout.write(`${JSON.stringify(document)}\n`);
} finally {
  await pipeline.close();
  await rm(folder, { recursive: true, force: true });
}

interface Inserted {
  readonly stored: number;
  readonly skipped: number;
  readonly speeds: readonly number[];
  readonly moments: readonly Moment[];
  readonly storeMs: number;
}

async function insert(): Promise<Inserted> {
  const started = performance.now();
  const speeds: number[] = [];
  const moments: Moment[] = [];
  let [count, stepStarted, storeMs, cpu] = [0, started, 0, process.cpuUsage()];
  const observer = (event: RunEvent): void => {
    if (event.kind !== "batch-done" || event.stage !== "store") return;
    const before = count;
    count += event.items;
    const now = performance.now();
    storeMs = now - started;
    if (passes(momentRows, before, count)) moments.push({ rows: count, atMs: storeMs, memoryBytes: process.memoryUsage.rss() });
    if (!passes(stepRows, before, count)) return;
    speeds.push((stepRows / (now - stepStarted)) * 1000);
    stepStarted = now;
    const spent = process.cpuUsage(cpu);
    cpu = process.cpuUsage();
    const cpuPerRow = Math.round((spent.user + spent.system) / stepRows);
    const memory = Math.round(process.memoryUsage.rss() / 1e6);
    // On a machine that is shared, the processor time says more than the speed.
    process.stderr.write(`${count} rows, ${Math.round(speeds.at(-1)!)} rows/s, ${cpuPerRow} µs of processor time per row, ${memory} MB\n`);
  };
  const { stats } = await pipeline.insertImagesAsync({ inputs: generated(), collectionName: "many", collectIds: "omit", observer });
  if (stats.upkeepError !== undefined) throw stats.upkeepError;
  return { stored: stats.stored, skipped: stats.skipped, speeds, moments, storeMs };
}

/** Whether a count that grows from `before` to `after` reaches a multiple of `step`. */
function passes(step: number, before: number, after: number): boolean {
  return Math.floor(after / step) > Math.floor(before / step);
}

async function searchAll(): Promise<readonly number[]> {
  const nextVector = quickVectorSource({ dimension, seed: 2 });
  const ms: number[] = [];
  for (let count = 0; count < warmSearches + countedSearches; count += 1) {
    const vector = nextVector();
    const started = performance.now();
    await pipeline.searchImages({ vector }, { collectionName: "many", topK: 10 });
    ms.push(performance.now() - started);
  }
  return ms.slice(warmSearches);
}

/** Runs it while memory and disk are looked at. */
async function watched<T>(work: () => Promise<T>) {
  let [peakBytes, peakDiskBytes, isOver] = [0, 0, false];
  const timer = setInterval(() => {
    peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
  }, 20);
  const disk = (async () => {
    while (!isOver) {
      peakDiskBytes = Math.max(peakDiskBytes, (await diskUse()).bytes);
      await new Promise((fulfil) => setTimeout(fulfil, 1_000));
    }
  })();
  const started = performance.now();
  const result = await work();
  const ms = performance.now() - started;
  isOver = true;
  clearInterval(timer);
  await disk;
  return { result, ms, peakBytes, peakDiskBytes };
}

async function diskUse(): Promise<{ readonly bytes: number; readonly files: number }> {
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  let bytes = 0;
  for (const { parentPath, name } of files) {
    // A file may go between the two looks.
    bytes += (await stat(join(parentPath, name)).catch(() => null))?.size ?? 0;
  }
  return { bytes, files: files.length };
}

async function* generated(): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < rows; index += 1) {
    const input = new Uint8Array(64);
    new DataView(input.buffer).setUint32(1, index);
    yield input;
  }
}
