/** Distributes a manifest with so many lines twice: `node distribute-run.js QUEUE_URL LINES`. Prints times, counts and memory as JSON. */
import { createWriteStream, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline as streamed } from "node:stream/promises";
import { memoryDecoder, memoryEmbedder, memoryStore } from "../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, openQueue, ServiceConfig } from "../src/app/index.js";

export interface DistributeRun {
  readonly shards: number;
  readonly items: number;
  readonly added: number;
  readonly addedAgain: number;
  readonly ms: number;
  readonly msAgain: number;
  readonly peakBytes: number;
}

const [url = "", linesText = ""] = process.argv.slice(2);
const lines = Number(linesText);
const folder = mkdtempSync(join(tmpdir(), "headrace-distribute-"));
const manifest = join(folder, "images.jsonl");
await streamed(Readable.from(blocks()), createWriteStream(manifest));
const own = { store: memoryStore(), decoder: memoryDecoder(), embedder: memoryEmbedder() };
const pipeline = await ImageEmbeddingPipeline.open(new ServiceConfig(), { parts: "lazy", own });
const { queue, close } = await openQueue({ url, collectionName: "distributed" });
const once = async () => {
  const began = performance.now();
  const counts = await pipeline.fleet.distribute(queue, { sources: [manifest], collectionName: "distributed", shardItems: 1_000 });
  return { ...counts, ms: performance.now() - began };
};
const [first, second] = [await once(), await once()];
await close();
await pipeline.close();
rmSync(folder, { recursive: true });
const { shards, items, added, ms } = first;
const peakBytes = process.resourceUsage().maxRSS * 1024;
process.stdout.write(
  `${JSON.stringify({ shards, items, added, ms, addedAgain: second.added, msAgain: second.ms, peakBytes } satisfies DistributeRun)}\n`,
);

function* blocks(): Generator<string> {
  const perBlock = 10_000;
  for (let at = 0; at < lines; at += perBlock) {
    let text = "";
    for (let line = at; line < Math.min(lines, at + perBlock); line += 1)
      text += `{"input":"s3://bucket/photos/${String(line).padStart(9, "0")}.jpg"}\n`;
    yield text;
  }
}
