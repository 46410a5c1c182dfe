/**
 * Looks for duplicates in a LanceDB table, of which every tenth row is a near copy and every tenth an exact one, and prints the largest memory.
 * `node dedupe-memory-run.js FOLDER make ROWS`, then `node dedupe-memory-run.js FOLDER find ROWS [pairs|search]`: a process of its own, so that writing
 * does not count.
 */
import { createHash } from "node:crypto";
import { lancedbStore } from "../src/adapters/lancedb/index.js";
import { duplicateGroups } from "../src/operations/index.js";
import { batchOf } from "../test/conformance/store-rows-data.js";
import { quickVectorSource } from "./vectors.js";

const [folder = "", task = "find", count = "100000", method = "pairs"] = process.argv.slice(2);
const dimension = 512;
const batchRows = 2_000;
const { signal } = new AbortController();
const store = lancedbStore({ path: folder });
await store.open?.(signal);
if (task === "make") await make(Number(count));
else await find();
await store.close?.();

async function make(rows: number): Promise<void> {
  const next = quickVectorSource({ dimension, seed: 1 });
  const passport = { probes: [Array.from({ length: dimension }, () => 1)], labels: {} };
  const collection = await store.create("photos", { dimension, metric: "cosine", passport, index: "ivf_rq" });
  let original = next();
  for (let start = 0; start < rows; start += batchRows) {
    const batch = Array.from({ length: Math.min(batchRows, rows - start) }, (_, at) => {
      const number = start + at;
      const copy = number % 10;
      if (copy > 1) original = next();
      const vector = copy === 1 ? original.map((value, index) => value + (index === 0 ? 0.01 : 0)) : original;
      return { id: `row ${number}`, vector: [...vector], facts: { content: fingerprintOf(copy === 0 ? number - 1 : number) } };
    });
    await collection.upsert(batchOf(batch), signal);
  }
  await collection.upkeep("owed", signal);
  process.stdout.write(`${JSON.stringify(await collection.stats())}\n`);
  await collection.close();
}

async function find(): Promise<void> {
  const collection = await store.openCollection("photos", "read");
  let [groups, rows] = [0, 0];
  const started = performance.now();
  for await (const { others } of duplicateGroups(collection, {
    threshold: 0.999,
    method: method === "search" ? "search" : "pairs",
    signal,
  })) {
    groups += 1;
    rows += others.length;
  }
  const seconds = (performance.now() - started) / 1000;
  await collection.close();
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  const peakRssBytes = process.resourceUsage().maxRSS * 1024;
  process.stdout.write(`${JSON.stringify({ groups, rows, seconds, heldBytes: heapUsed + external, peakRssBytes })}\n`);
}

function fingerprintOf(number: number): string {
  return createHash("sha256").update(String(number)).digest("hex");
}
