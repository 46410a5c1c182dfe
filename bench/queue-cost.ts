/** How much of a worker's time calls of the queue take. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memoryStore } from "../src/adapters/memory/index.js";
import type { WorkQueue } from "../src/contracts/index.js";
import { type Device, distributeFiles, filesIn, runWorker, withMethods } from "./simulated-fleet.js";

/** 320 images/s. */
const device: Device = { batch: 32, batchMs: 100 };
const images = 6_000;
const shardItems = 1_000;

/**
 * 0 to 1: the time in calls that took, acknowledged and announced, as a share of the run. More than the queue really costs, because images are
 * in work meanwhile.
 */
export async function queueCost(url: string): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "headrace-queue-cost-"));
  try {
    const [store, place] = [memoryStore(), { url, name: "cost" }];
    await distributeFiles(place, filesIn(folder, "cost", images), store, shardItems);
    let queueMs = 0;
    const add = (ms: number) => {
      queueMs += ms;
    };
    const wrap = (queue: WorkQueue) => timed(queue, add);
    const ms = await runWorker(place, { device, store, wrap });
    return queueMs / ms;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A call of `take` that finds no shard waits for the last images, and is not counted. */
function timed(queue: WorkQueue, add: (ms: number) => void): WorkQueue {
  const measure = async <T>(call: () => Promise<T>, counts = (_: T) => true): Promise<T> => {
    const began = performance.now();
    const value = await call();
    if (counts(value)) add(performance.now() - began);
    return value;
  };
  return withMethods(queue, {
    take: async (options) => {
      const lease = await measure(
        () => queue.take(options),
        (found) => found !== null && found.work !== "upkeep",
      );
      return lease === null ? null : { ...lease, acknowledge: (result) => measure(() => lease.acknowledge(result)) };
    },
    announce: (note) => measure(() => queue.announce(note)),
  });
}
