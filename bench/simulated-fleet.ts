/** Workers of a fleet in this process, on a real Redis, with models that sleep. They cost so little that many of them can be simulated. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { memoryDecoder, memoryEmbedder } from "../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, openQueue, ServiceConfig } from "../src/app/index.js";
import type { VectorStore, WorkQueue } from "../src/contracts/index.js";
import { SerialQueue } from "../src/kit/index.js";

/** A model that embeds one batch at a time. */
export interface Device {
  readonly batch: number;
  readonly batchMs: number;
}

export function rateOf({ batch, batchMs }: Device): number {
  return (batch / batchMs) * 1000;
}

/** Where the workers find their shards: the address of Redis, and the collection. */
export interface Place {
  readonly url: string;
  readonly name: string;
}

function openPipeline({ batch, batchMs }: Device, store: VectorStore): Promise<ImageEmbeddingPipeline> {
  const device = new SerialQueue();
  const work = () => device.run(() => pause(batchMs));
  const embedder = memoryEmbedder({ feed: { preferredBatch: batch, maxBatch: batch, parallel: 2 }, work });
  return ImageEmbeddingPipeline.open(new ServiceConfig(), { parts: "lazy", own: { store, decoder: memoryDecoder(), embedder } });
}

export async function distributeFiles({ url, name }: Place, photos: string, store: VectorStore, shardItems: number): Promise<void> {
  const pipeline = await openPipeline({ batch: 8, batchMs: 0 }, store);
  const { queue, close } = await openQueue({ url, collectionName: name });
  await pipeline.fleet.distribute(queue, { sources: [photos], collectionName: name, shardItems });
  await close();
  await pipeline.close();
}

export interface WorkerOptions {
  readonly device: Device;
  readonly store: VectorStore;
  /** Wraps the queue, for example to measure it. */
  readonly wrap?: (queue: WorkQueue) => WorkQueue;
  readonly onOutcome?: () => void;
}

/** Returns the milliseconds from the start of the run to its end. */
export async function runWorker({ url, name }: Place, { device, store, wrap, onOutcome }: WorkerOptions): Promise<number> {
  const pipeline = await openPipeline(device, store);
  const { queue, close } = await openQueue({ url, collectionName: name });
  const began = performance.now();
  const run = await pipeline.fleet.work(wrap?.(queue) ?? queue, {
    collectionName: name,
    ...(onOutcome === undefined ? {} : { onOutcome }),
  });
  const { ended, error } = await run.done;
  if (ended !== "completed") throw error ?? new Error(`a worker ended as ${ended}`);
  const ms = performance.now() - began;
  await close();
  await pipeline.close();
  return ms;
}

/** The same object with other methods. */
export function withMethods<T extends object>(object: T, methods: Partial<T>): T {
  return new Proxy(object, {
    get: (target, key) => {
      const own: unknown = Reflect.get(methods, key);
      const value: unknown = own ?? Reflect.get(target, key);
      return typeof value === "function" && own === undefined ? value.bind(target) : value;
    },
  });
}

/** Files with different contents, which the memory decoder reads. */
export function filesIn(folder: string, name: string, count: number): string {
  const path = join(folder, name);
  mkdirSync(path);
  for (let at = 0; at < count; at += 1) writeFileSync(join(path, `${String(at).padStart(6, "0")}.jpg`), `${name} ${at}`);
  return path;
}
