/**
 * Stores rows with versions like those of files, then looks up all of them as a run does that finds nothing new:
 * `node large-look-ups-run.js FOLDER make ROWS`, then `node large-look-ups-run.js FOLDER look ROWS hashes|queries`. Prints times and memory as JSON.
 */
import { join } from "node:path";
import { lancedbStore } from "../src/adapters/lancedb/index.js";
import type { ImageFacts } from "../src/contracts/index.js";
import { keyOf, metadataHash } from "../src/kit/index.js";

const [folder = "", task = "look", count = "3000000", way = "hashes"] = process.argv.slice(2);
const rows = Number(count);
const dimension = 4;
const batchRows = 20_000;
const lookedUpAtOnce = 500;
/** Queries are so slow that a part of the rows is enough to measure them. */
const lookedUp = way === "queries" ? Math.min(rows, 20_000) : rows;
const { signal } = new AbortController();
const sourceOf = (index: number) => `file:///photos/${String(Math.floor(index / 1_000)).padStart(4, "0")}/${index}.jpg`;
const versionOf = (index: number) => `${100_000 + index}-${1_700_000_000_000_000_000n + BigInt(index) * 1_234_567n}-1700000000123456789`;

const marks = way === "queries" ? { textRows: 0, hashedRows: 0 } : {};
const store = lancedbStore({ path: join(folder, "data"), marks });
await store.open?.(signal);
process.stdout.write(JSON.stringify(task === "make" ? await make() : await look()));
await store.close?.();

async function make() {
  const collection = await store.create("photos", { dimension, metric: "cosine", passport: null });
  for (let start = 0; start < rows; start += batchRows) {
    const indexes = Array.from({ length: Math.min(batchRows, rows - start) }, (_, at) => start + at);
    const vectors = Float32Array.from(indexes.flatMap((index) => Array.from({ length: dimension }, (_, at) => ((index >> at) & 1) + 1)));
    const facts = indexes.map(factsOf);
    await collection.upsert({ ids: facts.map(({ source }) => keyOf(source)), vectors, dimension, facts, ingestedAt: 1 }, signal);
  }
  // Look-ups make an index on keys worthwhile.
  await collection.known([keyOf(sourceOf(0))], signal);
  await collection.buildIndex("id", signal);
  await collection.close();
  return {};
}

async function look() {
  const collection = await store.openCollection("photos", "write");
  const [before, beganMs, beganCpu] = [memory(), performance.now(), process.cpuUsage()];
  let [same, readMs] = [0, 0];
  for (let start = 0; start < lookedUp; start += lookedUpAtOnce) {
    const expected = Array.from({ length: Math.min(lookedUpAtOnce, lookedUp - start) }, (_, at) => start + at);
    const versions = new Map(expected.map((index) => [keyOf(sourceOf(index)), versionOf(index)]));
    const startedMs = performance.now();
    const known = await collection.known([...versions.keys()], signal, versions);
    readMs = Math.max(readMs, performance.now() - startedMs);
    for (const [id, version] of versions) if (known.get(id)?.version === version) same += 1;
  }
  const { user, system } = process.cpuUsage(beganCpu);
  const ms = performance.now() - beganMs;
  const bytes = memory() - before;
  await collection.close();
  return { ms, readMs, cpuMs: (user + system) / 1000, lookedUp, same, bytes, peakBytes: process.resourceUsage().maxRSS * 1024 };
}

/** The memory of typed arrays, which the hashes are in. */
function memory(): number {
  globalThis.gc?.();
  return process.memoryUsage().arrayBuffers;
}

function factsOf(index: number): ImageFacts {
  const source = sourceOf(index);
  const metadata = { album: `album ${index}` };
  return {
    source,
    root: "file:///photos",
    version: versionOf(index),
    content: keyOf(`bytes of ${source}`),
    metadata,
    metadataHash: metadataHash(metadata),
    width: 1,
    height: 1,
  };
}
