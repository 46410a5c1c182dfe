/** A run that is killed late, or during its upkeep: the next run stores what is missing, and leaves a whole table with its index. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { LanceCollection } from "../../src/adapters/lancedb/collection.js";
import { lancedbStore } from "../../src/adapters/lancedb/index.js";
import { calm, idsOf } from "../conformance/store-rows-data.js";
import { extent } from "../support/extent.js";
import type { UpkeepRun } from "./killed-upkeep.js";

const script = fileURLToPath(new URL("./killed-upkeep.js", import.meta.url));
const [images, singles] = [36_000, 40];

describe("a run that is killed", { timeout: 600_000 }, () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "headrace-killed-"));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const points = [
    { at: "with nine tenths of its rows", point: "rows", count: images * 0.9 },
    { at: "while it builds the index on keys", point: "createIndex id", count: 1 },
    { at: "while it merges files", point: "update", count: 1 },
    { at: "while it builds the vector index", point: "createIndex vector", count: 1 },
    { at: "while it merges the newest rows", point: "mergeInsert", count: 1 },
  ] as const;

  for (const [index, { at, point, count }] of extent({ some: points.slice(2, 4), all: [...points] }).entries()) {
    it(`${at} is completed by the next one`, async (test) => {
      const data = join(folder, String(index));
      assert.equal((await runOf(data, point, count)).signal, "SIGKILL", "the point was reached");
      const { run } = await runOf(data, "never", 1);
      assert.equal(run!.stored + run!.skipped, images);
      if (run!.firstStoredMs !== null) test.diagnostic(`the first new row was stored after ${Math.round(run!.firstStoredMs)} ms`);
      await assertWhole(data);
    });
  }
});

async function assertWhole(data: string): Promise<void> {
  const store = lancedbStore({ path: data });
  await store.open(calm);
  const collection = await store.openCollection("images", "read");
  assert.ok(collection instanceof LanceCollection);
  const ids = await idsOf(collection);
  assert.deepEqual([ids.length, new Set(ids).size], [images + singles, images + singles]);
  const vector = await collection.parts.table.indexStats("vector_idx");
  assert.ok(vector !== undefined && vector.numUnindexedRows < 4_000, `${vector?.numUnindexedRows} rows outside the vector index`);
  const { fragmentStats } = await collection.parts.table.stats();
  assert.ok(fragmentStats.numFragments < 40, `${fragmentStats.numFragments} files of rows`);
  const [row] = await collection.get([ids[7]!], { vectors: "include" });
  const [hits] = await collection.search([row!.vector!], { topK: 1 });
  assert.ok(hits![0]!.score > 0.9999);
  await collection.close();
  await store.close();
}

async function runOf(data: string, point: string, count: number) {
  const child = spawn(process.execPath, [script, data, point, String(count)], { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => {
    text += part;
  });
  const signal = await new Promise<NodeJS.Signals | number | null>((fulfil) =>
    child.once("close", (code, killedBy) => fulfil(killedBy ?? code)),
  );
  return { signal, run: signal === 0 ? (JSON.parse(text) as UpkeepRun) : null };
}
