/** Where a fleet bends: 1 to 64 workers whose models sleep, a store with a limit, a queue with nothing to do but its own work, and a large folder. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { memoryStore } from "../src/adapters/memory/index.js";
import { openQueue, ServiceConfig } from "../src/app/index.js";
import type { Collection, Shard, VectorStore } from "../src/contracts/index.js";
import { shardInputs } from "../src/fleet/shard-inputs.js";
import { SerialQueue } from "../src/kit/index.js";
import { OwnCopies } from "../src/sources/downloads/own-copies.js";
import { startRedis } from "../test/support/services/redis.js";
import { type BenchSection, type Figure, plain } from "./harness.js";
import { type Device, distributeFiles, filesIn, rateOf, runWorker, withMethods } from "./simulated-fleet.js";

/** 20 images/s each: so that this process is not the limit with 64 of them. */
const device: Device = { batch: 8, batchMs: 400 };
const workerCounts = [1, 2, 4, 8, 16, 32, 64] as const;
const imagesPerWorker = 200;
const shardItems = 40;
const storeLimit = 400;
const emptyShards = 3_000;
const takerCounts = [1, 8, 64] as const;
const folderFiles = 100_000;

export async function fleetSimulation(): Promise<BenchSection> {
  const redis = await startRedis();
  const folder = mkdtempSync(join(tmpdir(), "headrace-fleet-bench-"));
  try {
    const figures = [...(await scaling(redis.url, folder)), ...(await queueLimit(redis.url)), await listingCost(redis.url, folder)];
    const title = `A simulated fleet: models that sleep (${rateOf(device)} images/s each), a store in memory, all workers in one process`;
    return { name: "fleet-simulation", title, command: "npm run bench -- fleet-simulation", figures };
  } finally {
    rmSync(folder, { recursive: true });
    await redis.stop();
  }
}

async function scaling(url: string, folder: string): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const workers of workerCounts) {
    const photos = filesIn(folder, `scale-${workers}`, workers * imagesPerWorker);
    const free = await speed({ url, name: `free_${workers}` }, photos, workers, memoryStore());
    const limited = await speed({ url, name: `limited_${workers}` }, photos, workers, limitedStore(storeLimit));
    const share = ((free / (workers * rateOf(device))) * 100).toFixed(0);
    const text = `${free.toFixed(0)} (${share} % of its models), ${limited.toFixed(0)}`;
    figures.push(plain(`${workers} workers: images/s with a free store, and with one that takes ${storeLimit} images/s`, text));
  }
  return figures;
}

/** Images per second between the first and the last tenth of the images: without the start and the end of the workers. */
async function speed(
  place: { readonly url: string; readonly name: string },
  photos: string,
  workers: number,
  store: VectorStore,
): Promise<number> {
  await distributeFiles(place, photos, store, shardItems);
  const times: number[] = [];
  const onOutcome = () => void times.push(performance.now());
  await Promise.all(Array.from({ length: workers }, () => runWorker(place, { device, store, onOutcome })));
  const [from, to] = [Math.floor(times.length * 0.1), Math.floor(times.length * 0.9)];
  return ((to - from) / ((times[to] ?? 0) - (times[from] ?? 0))) * 1000;
}

/** Takes and acknowledges shards that contain nothing. */
async function queueLimit(url: string): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const takers of takerCounts) {
    const name = `empty_${takers}`;
    const filler = await openQueue({ url, collectionName: name });
    const shards = Array.from({ length: emptyShards }, (_, at): Shard => ({ id: `s-${at}`, items: 1_000, content: {} }));
    await filler.queue.pin("{}");
    await filler.queue.add(shards);
    await filler.queue.filled(0);
    const queues = await Promise.all(Array.from({ length: takers }, () => openQueue({ url, collectionName: name })));
    const began = performance.now();
    const ends = await Promise.all(queues.map(({ queue }) => takeAll(queue)));
    const seconds = (Math.max(...ends) - began) / 1000;
    figures.push(plain(`queue: shards/s that ${takers} workers in one process take and acknowledge`, (emptyShards / seconds).toFixed(0)));
    await Promise.all([...queues, filler].map(({ close }) => close()));
  }
  return figures;
}

/** Returns the time of the last acknowledgement. */
async function takeAll(queue: Awaited<ReturnType<typeof openQueue>>["queue"]): Promise<number> {
  const counts = { read: 1_000, stored: 1_000, reused: 0, skipped: 0, failed: 0 };
  const cured = Array.from({ length: counts.stored }, (_, at) => `s3://bucket/photos/${at}.jpg`);
  let last = performance.now();
  for (;;) {
    const lease = await queue.take({ signal: new AbortController().signal, whenDone: "end" });
    if (lease === null) return last;
    await lease.acknowledge({ counts, failed: new Map(), cured });
    last = performance.now();
  }
}

/** A worker lists one shard in the middle of a large folder. */
async function listingCost(url: string, folder: string): Promise<Figure> {
  const photos = filesIn(folder, "large", folderFiles);
  const place = { url, name: "large" };
  await distributeFiles(place, photos, memoryStore(), 1_000);
  const { queue, close } = await openQueue({ url, collectionName: place.name });
  const lease = await queue.take({ signal: new AbortController().signal, whenDone: "end" });
  if (lease === null || lease.work === "upkeep") throw new Error("expected a shard");
  const began = performance.now();
  let images = 0;
  await using own = new OwnCopies();
  const needs = { s3: new ServiceConfig().s3, copies: own.copies };
  for await (const _ of shardInputs(lease.work, needs, new AbortController().signal)) images += 1;
  const ms = performance.now() - began;
  await close();
  return plain(`listing: ms for a shard of ${images} files in a folder of ${folderFiles}`, ms.toFixed(0));
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
