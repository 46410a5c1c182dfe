/** Loads BullMQ and its client for Redis when they are needed. */
import { packageMissing } from "./errors.js";

export type { Job, Queue, Worker } from "bullmq";
export type { Redis } from "ioredis";

export interface Vendor {
  readonly bullmq: typeof import("bullmq");
  readonly Redis: typeof import("ioredis").Redis;
}

export async function loadBullmq(): Promise<Vendor> {
  const [bullmq, { Redis }] = await Promise.all([import("bullmq"), import("ioredis")]).catch(packageMissing);
  return { bullmq, Redis };
}
