/** BullMQ on a real Redis or Valkey is a work queue. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { bullmqQueue } from "../../src/adapters/bullmq/index.js";
import { installRedis, startRedis } from "../support/services/redis.js";
import { skipUnless } from "../support/services/required.js";
import { workQueueConformance } from "./work-queue.js";

const skip = await skipUnless("Redis", installRedis);

workQueueConformance(
  "bullmq",
  async () => {
    const redis = await startRedis();
    let made = 0;
    return {
      make: async (leaseMs) => {
        made += 1;
        const options = {
          url: redis.url,
          name: `test-${made}`,
          leaseMs,
          retryDelayMs: 100,
          maxOutageMs: 10_000,
          onNotice: () => undefined,
        };
        const connect = async () => {
          const queue = bullmqQueue(options);
          await queue.open?.(new AbortController().signal);
          return queue;
        };
        const takeAndCrash = async () => {
          const { onNotice: _, ...workerData } = options;
          const thread = new Worker(new URL("../support/taking-thread.js", import.meta.url), { workerData });
          await once(thread, "message");
          await thread.terminate();
        };
        return { connect, takeAndCrash };
      },
      close: () => redis.stop(),
    };
  },
  skip,
);
