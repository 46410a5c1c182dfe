/**
 * A run on a simulated large machine: decode workers that wait instead of decoding, and a model that takes its batches from shared memory.
 * Prints JSON. `node large-machine-run.js WORKERS IMAGES`
 */
import { closeSync, openSync, unlinkSync, writeSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { DecodeWorkers } from "../src/app/decode-workers/decode-workers.js";
import { ServiceConfig } from "../src/app/index.js";
import type { Chain, DecodingReader } from "../src/chain/index.js";
import type { Embedder, ImageRef, IngestInput, TensorSpec } from "../src/contracts/index.js";
import { mebibyte, rowBytes, SlabPool } from "../src/kit/index.js";
import { ingest } from "../src/operations/index.js";
import { forgetfulStore } from "./forgetful-store.js";
import { mainThreadCpuMs } from "./main-thread-cpu.js";

const [workerCount = 64, images = 20_000] = process.argv.slice(2).map(Number);
const batchMs = 1;
const batchRows = 32;
const parallel = 4;
const dimension = 512;
const input: TensorSpec = { dtype: "uint8", layout: "NHWC", width: 224, height: 224 };
const calm = new AbortController().signal;

const regionPath = `/dev/shm/headrace-bench-${process.pid}`;
const region = openSync(regionPath, "w");
let reached = 0;
const embedder = modelOnSharedMemory();
const workers = new DecodeWorkers({
  settings: new ServiceConfig().settings(),
  size: workerCount,
  imagesPerWorker: 2,
  worker: new URL("./simulated-decode-worker.js", import.meta.url),
});
await workers.open(calm);
const chain: Chain = {
  decoder: { name: "simulated", measure: () => Promise.reject(new Error("not used")), decode: (...args) => workers.decode(...args) },
  preprocessor: null,
  embedder,
  preprocessing: {
    name: "simulated",
    geometry: { kind: "crop", shorterSide: 256, width: 224, height: 224, filter: "bicubic" },
    normalization: null,
    output: input,
  },
  normalize: "l2",
};
const reader: DecodingReader = {
  name: "simulated",
  schemes: ["file"],
  read: (...args) => workers.read(...args),
  readAndDecode: workers.readAndDecode,
};
const collection = await forgetfulStore().create("c", { dimension: embedder.dimension, metric: "cosine", passport: null });

const [startedMs, cpuBeforeMs] = [performance.now(), mainThreadCpuMs()];
const run = ingest({
  name: "list",
  inputs: listed,
  collection,
  lookups: "omit",
  damaged: "refuse",
  preprocess: "omit",
  readers: [reader],
  ready: async () => chain,
  readyAndChecked: async () => chain,
  checkStore: async () => undefined,
  maxFileBytes: mebibyte,
  reserveBytes: rowBytes(input),
  lanes: {
    numWorkers: 4,
    preprocessWorkers: workerCount,
    imagesPerDecodeWorker: 2,
    embedParallel: parallel,
    embedBatch: batchRows,
    preprocessBatch: batchRows,
    insertBatchSize: 1_000,
    insertMaxBytes: 32 * mebibyte,
    insertLingerMs: 500,
    queueMaxsize: 1_000,
    retry: { attempts: 1, baseDelayMs: 1 },
  },
  writers: 2,
  batchesPerWriter: 1,
  options: { memoryBudgetBytes: 1_024 * mebibyte },
});
const report = await run.done;
const [elapsedMs, cpuMs] = [performance.now() - startedMs, mainThreadCpuMs() - cpuBeforeMs];
await workers.close();
closeSync(region);
unlinkSync(regionPath);
if (report.stored !== images) throw new Error(`${report.stored} of ${images} images were stored: ${report.error?.message}`);
process.stdout.write(
  `${JSON.stringify({ imagesPerSecond: (reached / elapsedMs) * 1000, mainThreadMs: cpuMs / images, peakRssBytes: process.resourceUsage().maxRSS * 1024 })}\n`,
);

/** Writes each batch into shared memory, as the Triton adapter does, and then takes as long as the model of a fast GPU. */
function modelOnSharedMemory(): Embedder {
  const slabs = new SlabPool(rowBytes(input), batchRows, parallel);
  return {
    name: "simulated",
    label: "simulated",
    input,
    dimension,
    feed: { preferredBatch: batchRows, maxBatch: batchRows, parallel },
    check: async () => undefined,
    lease: (rows) => slabs.lease(rows),
    embed: async (slab) => {
      writeSync(region, slab.bytes, 0, slab.bytes.byteLength, 0);
      await delay(batchMs);
      slab.release();
      reached += slab.rows;
      return { dimension, values: new Float32Array(slab.rows * dimension).fill(0.25) };
    },
  };
}

async function* listed(): AsyncGenerator<IngestInput> {
  for (let index = 0; index < images; index += 1) {
    const uri = `file:///simulated/${index}.jpg`;
    const ref: ImageRef = {
      uri,
      location: uri,
      scheme: "file",
      root: "file:///simulated",
      version: "1",
      sizeBytes: 100_000,
      metadata: null,
    };
    yield { id: uri, ref };
  }
}
