/** A server with LanceDB and slow fake parts, in a process that a test can kill: `node killed-server.js DATA ROOT BATCH_MS`. Prints its URL. */
import { setTimeout } from "node:timers/promises";
import { memoryDecoder, memoryEmbedder } from "../../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, ServiceConfig } from "../../src/app/index.js";
import { createLog, startServer } from "../../src/server/index.js";

const [data = "", root = "", batchMs = "0"] = process.argv.slice(2);
const config = new ServiceConfig({
  lancedb: { path: data },
  asyncPipeline: { insertBatchSize: 10 },
  server: { port: 0, allowedRoots: [root], jobsAtOnce: 3 },
});
const work = async (): Promise<void> => void (await setTimeout(Number(batchMs)));
const pipeline = await ImageEmbeddingPipeline.open(config, {
  parts: "lazy",
  own: { decoder: memoryDecoder(), embedder: memoryEmbedder({ work }) },
});
const log = createLog({ level: "info", format: "json", stream: process.stderr });
const server = await startServer({ pipeline, settings: config.settings(), log, keysElsewhere: "require" });
process.stdout.write(`${server.url}\n`);
