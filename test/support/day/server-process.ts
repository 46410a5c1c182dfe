/**
 * A server with LanceDB, the real decoder and fake models, in a process of its own: `node server-process.js DATA SLOW_MARK`. While the file
 * SLOW_MARK is there, the model is slow. Prints its address, and ends with SIGTERM.
 */
import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { memoryEmbedder } from "../../../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, ServiceConfig } from "../../../src/app/index.js";
import { createLog, startServer } from "../../../src/server/index.js";
import { OneWord } from "../../server/one-word.js";

const [data = "", slowMark = ""] = process.argv.slice(2);
const slowMs = 200;
const config = new ServiceConfig({
  lancedb: { path: data },
  http: { network: "public", allow: ["127.0.0.1"], timeout: 5 },
  server: { port: 0, keepUploadsMb: 2, keepJobs: 50, drainTimeout: 10, allowedRoots: [data] },
});
const work = async (): Promise<void> => void (existsSync(slowMark) && (await delay(slowMs)));
const own = { embedder: memoryEmbedder({ work }), textEmbedder: new OneWord() };
const pipeline = await ImageEmbeddingPipeline.open(config, { parts: "lazy", own });
const log = createLog({ level: "warn", format: "json", stream: process.stderr });
const server = await startServer({ pipeline, settings: config.settings(), log, keysElsewhere: "require" });
process.once("SIGTERM", () => void server.stop(new AbortController().signal).then(() => pipeline.close()));
process.stdout.write(`${server.url}\n`);
