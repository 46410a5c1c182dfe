/** Retries a dead-letter file whose images are all still missing: `node --expose-gc retry-memory-run.js FOLDER ENTRIES`. */
import { appendFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { memoryDecoder, memoryEmbedder } from "../../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, ServiceConfig } from "../../src/app/index.js";

/** What the script prints. */
export interface RetryMemory {
  readonly tried: number;
  readonly deadLetters: number;
  /** Memory in use after a garbage collection, after a fifth of the entries and after all. */
  readonly usedBytes: readonly [number, number];
  /** The largest memory of the process, with what waits for a garbage collection. */
  readonly peakRssBytes: number;
}

const [folder = "", count = "0"] = process.argv.slice(2);
const entries = Number(count);
const piece = 1_000;
const deadLetters = join(folder, "dead-letters");
await mkdir(deadLetters, { recursive: true });
// In pieces: one text with all entries would be the largest use of memory.
for (let start = 0; start < entries; start += piece) {
  const count = Math.min(piece, entries - start);
  await appendFile(join(deadLetters, "photos.jsonl"), Array.from({ length: count }, (_, index) => line(start + index)).join(""));
}

const used: number[] = [];
const own = { decoder: memoryDecoder(), embedder: memoryEmbedder() };
await using pipeline = await ImageEmbeddingPipeline.open(new ServiceConfig({ lancedb: { path: folder } }), { parts: "lazy", own });
let settled = 0;
const run = await pipeline.retryFailures({
  collectionName: "photos",
  onOutcome: () => {
    settled += 1;
    if (settled === entries / 5 || settled === entries) used.push(usedBytes());
  },
});
const stats = await run.done;
const [early = 0, late = 0] = used;
const { tried, deadLetters: left } = stats;
const peakRssBytes = process.resourceUsage().maxRSS * 1024;
process.stdout.write(JSON.stringify({ tried, deadLetters: left, usedBytes: [early, late], peakRssBytes } satisfies RetryMemory));

function usedBytes(): number {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function line(index: number): string {
  const source = `file:///a/folder/with/a/rather/long/name/${index}.jpg`;
  const time = "2026-01-01T00:00:00.000Z";
  const code = "source_not_found";
  return `${JSON.stringify({ source, code, message: `${source}: not there`, attempts: 1, failures: 1, first: time, time })}\n`;
}
