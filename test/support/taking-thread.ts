/** A thread that takes a shard and says so. It is then ended from outside, as a crash would end it. */
import { parentPort, workerData } from "node:worker_threads";
import { bullmqQueue } from "../../src/adapters/bullmq/index.js";

const queue = bullmqQueue({ ...workerData, onNotice: () => undefined });
await queue.open?.(new AbortController().signal);
await queue.take({ signal: new AbortController().signal, whenDone: "end" });
parentPort?.postMessage("taken");
