/**
 * A process that inserts images into a collection that may not exist yet:
 * `node new-collection-writer.js HOST PORT NAME FROM COUNT`. Prints `ready`, and begins with the first line of its input.
 */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memoryDecoder, memoryEmbedder } from "../../../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, ServiceConfig } from "../../../src/app/index.js";

const [host = "", port = "", collectionName = "", from = "", count = ""] = process.argv.slice(2);
const path = mkdtempSync(join(tmpdir(), "headrace-writer-"));
const config = new ServiceConfig({ milvus: { host, port: Number(port), indexType: "HNSW" }, lancedb: { path } });
const own = { embedder: memoryEmbedder({ dimension: 16 }), decoder: memoryDecoder() };
const pipeline = await ImageEmbeddingPipeline.open(config, { own });
process.stdout.write("ready\n");
await once(process.stdin, "data");
process.stdin.destroy();

const inputs = Array.from({ length: Number(count) }, (_, at) => {
  const index = Number(from) + at;
  return { input: Uint8Array.of(index >> 8, index & 0xff, 7), id: `image ${index}` };
});
const { failures, stats } = await pipeline.insertImagesAsync({ inputs, collectionName });
await pipeline.close();
rmSync(path, { recursive: true });
const { ended, stored, upkeepError } = stats;
process.stdout.write(`${JSON.stringify({ ended, stored, failures: failures.length, upkeepError: upkeepError?.message ?? null })}\n`);
