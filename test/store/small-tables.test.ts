/** Small LanceDB tables are searched in memory: with what is stored now, whoever wrote it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { lancedbStore } from "../../src/adapters/lancedb/index.js";
import type { VectorStore } from "../../src/contracts/index.js";
import { parseFilter } from "../../src/filter/index.js";
import { batchOf, calm } from "../conformance/store-rows-data.js";
import { passport, rowsFrom, schema } from "./rows.js";
import { openTestStore } from "./stores.js";

/** The ids of the hits for the vector of a row, as a handle of this store finds them. */
async function found(store: VectorStore, row: number, filter?: string): Promise<readonly unknown[]> {
  const collection = await store.openCollection("small", "read");
  try {
    const [query] = rowsFrom(row, 1);
    const options = { topK: 3, ...(filter === undefined ? {} : { filter: parseFilter(filter) }) };
    const [hits = []] = await collection.search([Float32Array.from(query!.vector)], options);
    const stored = await collection.get(
      hits.map(({ id }) => id),
      { vectors: "include" },
    );
    assert.equal(stored.length, hits.length);
    for (const { id, vector } of stored) assert.deepEqual(vector, Float32Array.from(rowsFrom(Number(String(id).slice(4)), 1)[0]!.vector));
    return hits.map(({ id }) => id);
  } finally {
    await collection.close();
  }
}

test("a search sees rows of another process at once: new ones, changed ones and deleted ones", async () => {
  const here = await openTestStore();
  const other = lancedbStore({ path: here.path });
  await other.open(calm);
  const written = await other.create("small", schema);
  await written.upsert(batchOf(rowsFrom(0, 50)), calm);
  assert.equal((await found(here.store, 7))[0], "row 7");
  await written.upsert(batchOf(rowsFrom(50, 50)), calm);
  assert.equal((await found(here.store, 77))[0], "row 77");
  assert.equal((await found(here.store, 77, "n < 50")).includes("row 77"), false);
  await written.upsert(batchOf([{ ...rowsFrom(77, 1)[0]!, metadata: { n: 1 } }]), calm);
  assert.equal((await found(here.store, 77, "n < 50"))[0], "row 77");
  await written.delete({ ids: ["row 77"] }, calm);
  assert.equal((await found(here.store, 77)).includes("row 77"), false);
  await written.close();
  await other.close();
  await here.close();
});

test("a table that another process drops and makes again has nothing of the old one", async () => {
  const here = await openTestStore();
  const other = lancedbStore({ path: here.path });
  await other.open(calm);
  for (const [start, metric] of [
    [0, "cosine"],
    [1_000, "l2"],
  ] as const) {
    const written = await other.create("small", { ...schema, metric, passport: { ...passport, labels: { model: metric } } });
    await written.upsert(batchOf(rowsFrom(start, 20)), calm);
    await written.close();
    assert.equal((await found(here.store, start + 3))[0], `row ${start + 3}`);
    const read = await here.store.openCollection("small", "read");
    assert.deepEqual([read.metric, read.passport?.labels, (await read.stats()).count], [metric, { model: metric }, 20]);
    await read.close();
    await other.drop("small");
  }
  await other.close();
  await here.close();
});

test("a replaced passport is seen by the next handle", async () => {
  const here = await openTestStore();
  const other = lancedbStore({ path: here.path });
  await other.open(calm);
  const written = await other.create("small", schema);
  for (const model of ["first", "second", "third"]) {
    await written.setPassport({ ...passport, labels: { model } });
    const read = await here.store.openCollection("small", "read");
    assert.deepEqual(read.passport?.labels, { model });
    await read.close();
  }
  await written.close();
  await other.close();
  await here.close();
});
