/**
 * A server with LanceDB and slow fake parts, in a process that a test can kill: `node killed-server.js DATA ROOT BATCH_MS`. Prints its URL. An image
 * whose first byte is `killingMark` ends it too, as a crash in a codec does.
 */
import { setTimeout } from "node:timers/promises";
import { memoryDecoder, memoryEmbedder } from "../../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, ServiceConfig } from "../../src/app/index.js";
import type { ImageDecoder } from "../../src/contracts/index.js";
import { createLog, startServer } from "../../src/server/index.js";

const killingMark = 0xde;
const [data = "", root = "", batchMs = "0"] = process.argv.slice(2);
const config = new ServiceConfig({
  lancedb: { path: data },
  asyncPipeline: { insertBatchSize: 10 },
  server: { port: 0, allowedRoots: [root], jobsAtOnce: 3 },
});
const work = async (): Promise<void> => void (await setTimeout(Number(batchMs)));
const decoder = memoryDecoder();
const killing: ImageDecoder = {
  name: decoder.name,
  measure: (image) => decoder.measure(image),
  decode: async (image, geometry, signal) => {
    if (image.bytes[0] !== killingMark) return decoder.decode(image, geometry, signal);
    // Whoever asked for the job has the answer by then.
    await setTimeout(200);
    process.kill(process.pid, "SIGKILL");
    return decoder.decode(image, geometry, signal);
  },
};
const pipeline = await ImageEmbeddingPipeline.open(config, {
  parts: "lazy",
  own: { decoder: killing, embedder: memoryEmbedder({ work }) },
});
const log = createLog({ level: "info", format: "json", stream: process.stderr });
const server = await startServer({ pipeline, settings: config.settings(), log, keysElsewhere: "require" });
process.stdout.write(`${server.url}\n`);
