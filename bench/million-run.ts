/**
 * Stores so many rows in LanceDB through the main job, and prints speed, memory and disk. If the rows are stored already, all are skipped. Kills
 * itself (-9) when KILL_AT rows are stored: `node million-run.js FOLDER ROWS DIMENSION [KILL_AT]`
 */
import type { Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { memoryDecoder } from "../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, ServiceConfig } from "../src/app/index.js";
import type { RunEvent } from "../src/contracts/index.js";
import { clusteredEmbedder } from "./clustered-embedder.js";

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
  readonly skipped: number;
  /** Milliseconds of the whole call. */
  readonly ms: number;
  /** Rows per second of each step. */
  readonly speeds: readonly number[];
  readonly stepRows: number;
  readonly moments: readonly Moment[];
  /** Milliseconds of each search for the ten nearest rows, when all rows are stored and upkeep is over. */
  readonly searches: readonly number[];
  readonly peakBytes: number;
  readonly peakDiskBytes: number;
  readonly endDiskBytes: number;
  /** Milliseconds until the first row was stored. Null if none was. */
  readonly firstStoredMs: number | null;
  /** The last row is stored; upkeep comes after it. */
  readonly storeMs: number;
  readonly upkeepMs: number;
  readonly index: string;
  readonly files: number;
}

const [folder = "", rowsText = "1000000", dimensionText = "512", killAtText = "Infinity"] = process.argv.slice(2);
const killAt = Number(killAtText);
const [rows, dimension] = [Number(rowsText), Number(dimensionText)];
const stepRows = Math.min(50_000, rows);
const momentRows = 10_000;
/** The first searches read the index from the disk, and are not counted. */
const [warmSearches, countedSearches] = [20, 100];
const pipeline = await ImageEmbeddingPipeline.open(
  new ServiceConfig({ lancedb: { path: folder }, asyncPipeline: { insertBatchSize: 100, preprocessWorkers: 4 } }),
  {
    own: {
      decoder: memoryDecoder(),
      embedder: clusteredEmbedder({ dimension, feed: { preferredBatch: 32, maxBatch: 32, parallel: 4 } }),
    },
  },
);
try {
  const { result, ms, peakBytes, peakDiskBytes } = await watched(() => insert());
  const disk = await diskUse();
  process.stderr.write(`${result.stored} stored, upkeep ${Math.round(ms - result.storeMs)} ms, peak ${Math.round(peakBytes / 1e6)} MB\n`);
  const document: MillionRun = {
    ...result,
    ms,
    stepRows,
    searches: await searchAll(),
    peakBytes,
    peakDiskBytes,
    endDiskBytes: disk.bytes,
    upkeepMs: ms - result.storeMs,
    index: (await pipeline.collectionStats("many")).index,
    files: disk.files,
  };
  process.stdout.write(`${JSON.stringify(document)}\n`);
} finally {
  await pipeline.close();
}

interface Inserted {
  readonly stored: number;
  readonly skipped: number;
  readonly speeds: readonly number[];
  readonly moments: readonly Moment[];
  readonly firstStoredMs: number | null;
  readonly storeMs: number;
}

async function insert(): Promise<Inserted> {
  const started = performance.now();
  const speeds: number[] = [];
  const moments: Moment[] = [];
  let [count, stepStarted, storeMs, cpu] = [0, started, 0, process.cpuUsage()];
  let firstStoredMs: number | null = null;
  const observer = (event: RunEvent): void => {
    if (event.kind !== "batch-done" || event.stage !== "store") return;
    const before = count;
    count += event.items;
    const now = performance.now();
    storeMs = now - started;
    firstStoredMs ??= storeMs;
    if (count >= killAt) process.kill(process.pid, "SIGKILL");
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
  return { stored: stats.stored, skipped: stats.skipped, speeds, moments, firstStoredMs, storeMs };
}

/** Whether a count that grows from `before` to `after` reaches a multiple of `step`. */
function passes(step: number, before: number, after: number): boolean {
  return Math.floor(after / step) > Math.floor(before / step);
}

async function searchAll(): Promise<readonly number[]> {
  const images = Array.from({ length: warmSearches + countedSearches }, (_, at) => imageOf(rows + at));
  const { vectors } = await pipeline.embedImages(images);
  const ms: number[] = [];
  for (const vector of vectors) {
    const started = performance.now();
    await pipeline.searchImages({ vector: vector! }, { collectionName: "many", topK: 10 });
    ms.push(performance.now() - started);
  }
  return ms.slice(warmSearches);
}

/** Runs it while memory and disk are looked at. */
async function watched<T>(work: () => Promise<T>) {
  let [peakDiskBytes, isOver] = [0, false];
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
  await disk;
  // The system knows the true peak, in kilobytes.
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  return { result, ms, peakBytes, peakDiskBytes };
}

/** A folder of an index may be removed while the folders are listed. Then they are listed again. */
function entries(): Promise<readonly Dirent[]> {
  return readdir(folder, { recursive: true, withFileTypes: true }).catch(() => entries());
}

async function diskUse(): Promise<{ readonly bytes: number; readonly files: number }> {
  const files = (await entries()).filter((entry) => entry.isFile());
  let bytes = 0;
  for (const { parentPath, name } of files) {
    // A file may go between the two looks.
    bytes += (await stat(join(parentPath, name)).catch(() => null))?.size ?? 0;
  }
  return { bytes, files: files.length };
}

async function* generated(): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < rows; index += 1) yield imageOf(index);
}

function imageOf(index: number): Uint8Array {
  const input = new Uint8Array(64);
  new DataView(input.buffer).setUint32(1, index);
  return input;
}
