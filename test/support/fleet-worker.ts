/**
 * A worker of a fleet whose model sleeps: `node fleet-worker.js QUEUE_URL COLLECTION MILVUS_ADDRESS LEASE_MS BATCH_MS BATCHES_FOLDER FLUSH`. Prints its
 * report as JSON. A file with the name of its process id gets the number of rows of each batch when the batch begins. So the batches of a worker
 * that is killed are known, too.
 */
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { memoryDecoder, memoryEmbedder } from "../../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, openQueue, ServiceConfig } from "../../src/app/index.js";
import { SerialQueue } from "../../src/kit/index.js";

const [url = "", collectionName = "", address = "", leaseMs = "", batchMs = "", batches = "", flush = ""] = process.argv.slice(2);
const [host = "", port = ""] = address.split(":");
const device = new SerialQueue();
let embedded = 0;
const embedder = memoryEmbedder({
  feed: { preferredBatch: 32, maxBatch: 32, parallel: 2 },
  work: (rows) =>
    device.run(async () => {
      appendFileSync(join(batches, String(process.pid)), `${rows}\n`);
      await pause(Number(batchMs));
      embedded += rows;
    }),
});
const config = new ServiceConfig({
  milvus: { host, port: Number(port), indexType: "FLAT" },
  insert: { flush: flush === "end" ? "end" : "auto" },
});
const pipeline = await ImageEmbeddingPipeline.open(config, { parts: "lazy", own: { decoder: memoryDecoder(), embedder } });
const { queue, close } = await openQueue({ url, collectionName, leaseMs: Number(leaseMs) });
const run = await pipeline.fleet.work(queue, { collectionName });
process.on("SIGTERM", () => run.drain());
process.stdout.write("working\n");
const { ended, read, stored, reused, skipped, failed, abandoned, error } = await run.done;
const report = { ended, read, stored, reused, skipped, failed, abandoned, embedded };
process.stdout.write(`${JSON.stringify({ ...report, error: error?.message ?? null })}\n`);
await close();
await pipeline.close();
