/**
 * Stores a WebDataset shard whose images have long texts beside them, with a fake model:
 * `node text-memory-run.js FOLDER IMAGES TEXT_KB BUDGET_MB WRITE_MS`. Each write takes WRITE_MS longer, as on a slow disk. Prints what was stored,
 * the largest memory of the process, and what it was before the run.
 */
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { setTimeout } from "node:timers/promises";
import { LanceCollection } from "../../src/adapters/lancedb/collection.js";
import { memoryDecoder, memoryEmbedder } from "../../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, listInputs, ServiceConfig } from "../../src/app/index.js";
import type { InputStream } from "../../src/sources/index.js";
import { tarBlocks } from "../support/archives.js";

/** What the script prints. */
export interface TextMemory {
  readonly stored: number;
  /** The largest number of images that were listed, with their texts, and not yet stored. */
  readonly mostWaiting: number;
  /** Memory of the process before the run. */
  readonly beforeBytes: number;
  /** The largest memory of the process. */
  readonly peakBytes: number;
  /** Rows whose whole text was stored, of the rows that were looked at. */
  readonly whole: number;
  readonly seconds: number;
}

const [folder = "", count = "1000", kilobytes = "200", budgetMb = "64", writeMs = "0"] = process.argv.slice(2);
const images = Number(count);
const textBytes = Number(kilobytes) * 1_000;
const shard = join(folder, "shard.tar");
await writeShard();

slowWrites(Number(writeMs));
const config = new ServiceConfig({ lancedb: { path: join(folder, "data") }, asyncPipeline: { memoryBudgetMb: Number(budgetMb) } });
const own = { decoder: memoryDecoder(), embedder: memoryEmbedder({ dimension: 512 }) };
await using pipeline = await ImageEmbeddingPipeline.open(config, { own });
const beforeBytes = process.memoryUsage.rss();
const startedMs = performance.now();
let [waiting, mostWaiting] = [0, 0];
const run = await pipeline.ingest({
  inputs: counted(listInputs({ paths: [shard] })),
  collectionName: "pages",
  schedule: "overlapped",
  onOutcome: () => {
    waiting -= 1;
  },
});
const { stored } = await run.done;
const seconds = (performance.now() - startedMs) / 1_000;
const peakBytes = process.resourceUsage().maxRSS * 1024;
let whole = 0;
for await (const rows of pipeline.scan("pages", { vectors: "omit" })) {
  for (const { facts } of rows) if (String(facts.metadata["txt"]).length === textBytes) whole += 1;
}
process.stdout.write(JSON.stringify({ stored, mostWaiting, beforeBytes, peakBytes, whole, seconds } satisfies TextMemory));

function slowWrites(ms: number): void {
  const { upsert } = LanceCollection.prototype;
  LanceCollection.prototype.upsert = async function (this: LanceCollection, rows, signal) {
    await setTimeout(ms, null, { signal });
    return upsert.call(this, rows, signal);
  };
}

/** Counts an image from its listing on. */
function counted(inputs: InputStream): InputStream {
  return async function* (stop) {
    for await (const input of inputs(stop)) {
      waiting += 1;
      mostWaiting = Math.max(mostWaiting, waiting);
      yield input;
    }
  };
}

/** In pieces, so that the shard itself needs no memory. */
async function writeShard(): Promise<void> {
  const file = createWriteStream(shard);
  const line = Buffer.alloc(textBytes, "What a page of a scanned book says. ");
  for (let index = 0; index < images; index += 1) {
    const name = String(index).padStart(6, "0");
    line.write(name);
    const blocks = [`${name}.jpg`, `${name}.txt`].map((file) => ({
      name: file,
      bytes: file.endsWith("txt") ? line : Buffer.from(`image ${name}`),
    }));
    if (!file.write(Buffer.concat(blocks.flatMap(tarBlocks)))) await once(file, "drain");
  }
  file.end(Buffer.alloc(1024));
  await finished(file);
}
