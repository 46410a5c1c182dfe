/**
 * A fleet on a real Redis, with sleeping models and a store in memory: workers 1 to 32, a store with a limit, the boundary between shards, the
 * cost of the queue, and a distribution of ten million images. All workers run in this process.
 */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { memoryDecoder, memoryEmbedder, memoryStore } from "../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, listInputs, openQueue, ServiceConfig } from "../src/app/index.js";
import type { Collection, VectorStore, WorkQueue } from "../src/contracts/index.js";
import { SerialQueue } from "../src/kit/index.js";
import { startRedis } from "../test/support/services/redis.js";
import type { DistributeRun } from "./distribute-run.js";
import { atLeast, atMost, type BenchSection, type Figure, plain } from "./harness.js";

interface Device {
  readonly batch: number;
  readonly batchMs: number;
}

/** 40 images/s each: so that this process is not the limit with 32 of them. */
const slow: Device = { batch: 8, batchMs: 200 };
/** 320 images/s. */
const fast: Device = { batch: 32, batchMs: 100 };
const storeLimit = 400;
const workerCounts = [1, 2, 4, 8, 16, 32] as const;
const millions = 10_000_000;

export async function fleet(): Promise<BenchSection> {
  const redis = await startRedis();
  const folder = mkdtempSync(join(tmpdir(), "headrace-fleet-bench-"));
  try {
    const scaled = await scaling(redis.url, folder);
    const boundary = await shardBoundary(redis.url, folder);
    const distributed = await distribution(redis.url);
    return {
      name: "fleet",
      title: `A fleet on Redis: models that sleep (${rateOf(slow)} images/s each), a store in memory, all workers in one process`,
      command: "npm run bench -- fleet",
      figures: [...scaled, ...boundary, ...distributed],
    };
  } finally {
    rmSync(folder, { recursive: true });
    await redis.stop();
  }
}

async function scaling(url: string, folder: string): Promise<readonly Figure[]> {
  const speeds: number[] = [];
  const limited: number[] = [];
  for (const workers of workerCounts) {
    const photos = filesIn(folder, `scale-${workers}`, workers * 200);
    speeds.push(await fleetSpeed(url, photos, { workers, device: slow, store: memoryStore(), name: `scale-${workers}` }));
    limited.push(await fleetSpeed(url, photos, { workers, device: slow, store: limitedStore(storeLimit), name: `limited-${workers}` }));
  }
  const at4 = (speeds[workerCounts.indexOf(4)] ?? 0) / (speeds[0] ?? 1);
  return [
    ...workerCounts.map((workers, at) => plain(`${workers} workers: images/s`, (speeds[at] ?? 0).toFixed(0))),
    atLeast("4 workers, times the speed of 1", at4, 3.6, 2),
    plain(
      `a store that takes ${storeLimit} images/s: images/s with ${workerCounts.join(", ")} workers`,
      limited.map((speed) => speed.toFixed(0)).join(", "),
    ),
  ];
}

interface FleetOptions {
  readonly workers: number;
  readonly device: Device;
  readonly store: VectorStore;
  readonly name: string;
}

/** Images per second from the first image to the last, without the start and the end of the workers. */
async function fleetSpeed(url: string, photos: string, { workers, device, store, name }: FleetOptions): Promise<number> {
  await distributed(url, photos, store, name, 40);
  const times: number[] = [];
  const onOutcome = () => void times.push(performance.now());
  await Promise.all(Array.from({ length: workers }, () => work(url, name, { device, store, onOutcome }).done));
  const [from, to] = [Math.floor(times.length * 0.1), Math.floor(times.length * 0.9)];
  return ((to - from) / ((times[to] ?? 0) - (times[from] ?? 0))) * 1000;
}

async function shardBoundary(url: string, folder: string): Promise<readonly Figure[]> {
  const photos = filesIn(folder, "boundary", 6_400);
  const plainBusy = new BusyDevice(fast);
  const pipeline = await openPipeline(plainBusy, memoryStore());
  await (await pipeline.ingest({ inputs: listInputs({ paths: [photos] }), collectionName: "plain", schedule: "overlapped" })).done;
  await pipeline.close();
  const busy = new BusyDevice(fast);
  const store = memoryStore();
  await distributed(url, photos, store, "boundary", 320);
  await work(url, "boundary", { device: busy, store }).done;
  const overheadStore = memoryStore();
  await distributed(url, photos, overheadStore, "overhead", 1_000);
  const worker = work(url, "overhead", { device: new BusyDevice(fast), store: overheadStore });
  const { queueMs, ms } = await worker.done;
  return [
    plain("one ingestion of 6,400 images: model busy from its first to its last batch, %", (plainBusy.share * 100).toFixed(1)),
    plain("one worker, the same images in 20 shards: model busy, %", (busy.share * 100).toFixed(1)),
    atLeast("the worker's share, of that of the ingestion", busy.share / plainBusy.share, 0.98, 3),
    atMost("1,000 images in a shard: time in calls of the queue, % of the wall time", (queueMs / ms) * 100, 1, 2),
  ];
}

async function distribution(url: string): Promise<readonly Figure[]> {
  const script = fileURLToPath(new URL("distribute-run.js", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [script, url, String(millions)]);
  const run = JSON.parse(stdout) as DistributeRun;
  return [
    plain("distribute a manifest of 10,000,000 images: shards", String(run.shards)),
    atLeast("images/s, the first time", run.items / (run.ms / 1000), 100_000, 0),
    plain("images/s, the second time", (run.items / (run.msAgain / 1000)).toFixed(0)),
    atMost("shards that were added the second time", run.addedAgain, 0, 0),
    atMost("peak memory, MB", run.peakBytes / 1e6, 300, 0),
  ];
}

/** A model that computes one batch at a time. */
class BusyDevice {
  readonly #device = new SerialQueue();
  #first = 0;
  #last = 0;
  #busyMs = 0;
  #calls = 0;

  constructor(readonly device: Device) {}

  /** Share of the time between the first and the last batch. The batch of the probe images is not counted. */
  get share(): number {
    return this.#busyMs / (this.#last - this.#first);
  }

  compute(): Promise<void> {
    return this.#device.run(async () => {
      const began = performance.now();
      await pause(this.device.batchMs);
      this.#calls += 1;
      if (this.#calls === 1) return;
      this.#first ||= began;
      this.#last = performance.now();
      this.#busyMs += this.#last - began;
    });
  }
}

function openPipeline(device: BusyDevice, store: VectorStore): Promise<ImageEmbeddingPipeline> {
  const { batch } = device.device;
  const embedder = memoryEmbedder({ feed: { preferredBatch: batch, maxBatch: batch, parallel: 2 }, work: () => device.compute() });
  return ImageEmbeddingPipeline.open(new ServiceConfig(), { parts: "lazy", own: { store, decoder: memoryDecoder(), embedder } });
}

async function distributed(url: string, photos: string, store: VectorStore, name: string, shardItems: number): Promise<void> {
  const pipeline = await openPipeline(new BusyDevice({ batch: 8, batchMs: 0 }), store);
  const { queue, close } = await openQueue({ url, collectionName: name });
  await pipeline.fleet.distribute(queue, { sources: [photos], collectionName: name, shardItems });
  await close();
  await pipeline.close();
}

interface WorkOptions {
  readonly device: Device | BusyDevice;
  readonly store: VectorStore;
  readonly onOutcome?: () => void;
}

/** `queueMs`: time in calls of the queue that found work, and that ended it. */
function work(url: string, name: string, { device, store, onOutcome }: WorkOptions): { done: Promise<{ queueMs: number; ms: number }> } {
  const run = async () => {
    const pipeline = await openPipeline(device instanceof BusyDevice ? device : new BusyDevice(device), store);
    const { queue, close } = await openQueue({ url, collectionName: name });
    const timed = new TimedQueue(queue);
    const began = performance.now();
    const started = await pipeline.fleet.work(timed.queue, { collectionName: name, ...(onOutcome === undefined ? {} : { onOutcome }) });
    await started.done;
    const ms = performance.now() - began;
    await close();
    await pipeline.close();
    return { queueMs: timed.ms, ms };
  };
  return { done: run() };
}

class TimedQueue {
  ms = 0;
  readonly queue: WorkQueue;

  constructor(queue: WorkQueue) {
    const timed = async <T>(call: () => Promise<T>): Promise<T> => {
      const began = performance.now();
      const value = await call();
      if (value !== null) this.ms += performance.now() - began;
      return value;
    };
    const take: WorkQueue["take"] = async (options) => {
      const lease = await timed(() => queue.take(options));
      if (lease === null) return null;
      return { ...lease, acknowledge: (result) => timed(() => lease.acknowledge(result)) };
    };
    this.queue = withMethods(queue, { take });
  }
}

/** All writers together store so many images per second. */
function limitedStore(imagesPerSecond: number): VectorStore {
  const store = memoryStore();
  const turn = new SerialQueue();
  const limited = (collection: Collection): Collection =>
    withMethods(collection, {
      upsert: async (rows, signal) => {
        await turn.run(() => pause((rows.ids.length / imagesPerSecond) * 1000));
        return collection.upsert(rows, signal);
      },
    });
  return withMethods(store, {
    create: async (name, schema) => limited(await store.create(name, schema)),
    openCollection: async (name, access) => limited(await store.openCollection(name, access)),
  });
}

/** The same object with other methods. */
function withMethods<T extends object>(object: T, methods: Partial<T>): T {
  return new Proxy(object, {
    get: (target, key) => {
      const own: unknown = Reflect.get(methods, key);
      const value: unknown = own ?? Reflect.get(target, key);
      return typeof value === "function" && own === undefined ? value.bind(target) : value;
    },
  });
}

function filesIn(folder: string, name: string, count: number): string {
  const path = join(folder, name);
  mkdirSync(path);
  for (let at = 0; at < count; at += 1) writeFileSync(join(path, `${String(at).padStart(6, "0")}.jpg`), `${name} ${at}`);
  return path;
}

function rateOf({ batch, batchMs }: Device): number {
  return (batch / batchMs) * 1000;
}
