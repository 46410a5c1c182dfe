/** Moves so many items through the main job with fakes, and prints the memory that is left in use. `node memory-run.js ITEMS ingest|library` */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memoryDecoder, memoryEmbedder } from "../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, ServiceConfig } from "../src/app/index.js";
import { forgetfulStore } from "./forgetful-store.js";

const [count = "4000"] = process.argv.slice(2);
const items = Number(count);
const folder = await mkdtemp(join(tmpdir(), "headrace-memory-"));
const pipeline = await ImageEmbeddingPipeline.open(new ServiceConfig({ lancedb: { path: folder } }), {
  own: { store: forgetfulStore(), embedder: memoryEmbedder(), decoder: memoryDecoder() },
});
let peakBytes = 0;
const timer = setInterval(() => {
  peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
}, 20);
const started = performance.now();
const { stats } = await pipeline.insertImagesAsync({ inputs: generated(items), collectionName: "many", collectIds: "omit" });
const elapsedMs = performance.now() - started;
clearInterval(timer);
globalThis.gc?.();
const { heapUsed, external, rss } = process.memoryUsage();
await pipeline.close();
await rm(folder, { recursive: true, force: true });
process.stdout.write(
  `${JSON.stringify({ read: stats.read, stored: stats.stored, heldBytes: heapUsed + external, rssBytes: rss, peakBytes, elapsedMs })}\n`,
);

async function* generated(total: number): AsyncGenerator<{ readonly input: Uint8Array; readonly id: string }> {
  for (let index = 0; index < total; index += 1) {
    const input = new Uint8Array(64);
    new DataView(input.buffer).setUint32(1, index);
    yield { input, id: `item-${index}` };
  }
}
