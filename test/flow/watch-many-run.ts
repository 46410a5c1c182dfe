/**
 * Watches a folder with a fake model: `node watch-many-run.js FOLDER COUNT`. As many images arrive at once, and as many again while the first ones are
 * embedded. Prints what was stored and the largest memory, when all have rows.
 */
import { copyFile, mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { memoryEmbedder } from "../../src/adapters/memory/index.js";
import { sharpDecoder } from "../../src/adapters/sharp/index.js";
import { ImageEmbeddingPipeline, ServiceConfig, watchedInputs } from "../../src/app/index.js";

const [folder = "", count = "5000"] = process.argv.slice(2);
const photos = join(folder, "photos");
const collectionName = "photos";
const stop = new AbortController();
const picture = join(folder, "a.png");
await mkdir(photos, { recursive: true });
await sharp({ create: { width: 32, height: 32, channels: 3, background: "red" } })
  .png()
  .toFile(picture);

await using pipeline = await ImageEmbeddingPipeline.open(new ServiceConfig({ lancedb: { path: join(folder, "data") } }), {
  parts: "lazy",
  own: { embedder: memoryEmbedder(), decoder: sharpDecoder() },
});
const totals = { runs: 0, stored: 0, skipped: 0, failed: 0 };
const seen = new Set<string>();
let arriving: Promise<void> | null = null;
for await (const inputs of watchedInputs(photos, { settleMs: 200, signal: stop.signal })) {
  const isFirst = totals.runs === 0;
  const run = await pipeline.ingest({
    inputs,
    collectionName,
    schedule: "overlapped",
    onOutcome: (outcome) => {
      if (outcome.kind === "stored") seen.add(outcome.facts.source);
      // The second half arrives while the first is being embedded.
      arriving ??= arrive("second");
    },
  });
  const { stored, skipped, failed } = await run.done;
  totals.runs += 1;
  totals.stored += stored;
  totals.skipped += skipped;
  totals.failed += failed;
  if (isFirst) await arrive("first");
  if (seen.size >= 2 * Number(count)) stop.abort();
}
await arriving;

let rows = 0;
const sources = new Set<string>();
for await (const batch of pipeline.scan(collectionName, { vectors: "omit" })) {
  rows += batch.length;
  for (const { facts } of batch) sources.add(facts.source);
}
const peakRssBytes = process.resourceUsage().maxRSS * 1024;
process.stdout.write(`${JSON.stringify({ ...totals, rows, sources: sources.size, peakRssBytes })}\n`);

async function arrive(half: string): Promise<void> {
  const arriveOne = async (name: string): Promise<void> => {
    await copyFile(picture, join(folder, name));
    await rename(join(folder, name), join(photos, name));
  };
  await Promise.all(Array.from({ length: Number(count) }, (_, at) => arriveOne(`${half}-${at}.png`)));
}
