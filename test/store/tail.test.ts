/** Rows that come one at a time into a table with a vector index: they stay in few files, unchanged. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { LanceCollection } from "../../src/adapters/lancedb/collection.js";
import { batchOf, calm, unitVector } from "../conformance/store-rows-data.js";
import { rowsFrom, schema } from "./rows.js";
import { openTestStore, type TestStore } from "./stores.js";

const [indexedRows, calls] = [2_000, 100];

describe("rows that come one at a time", () => {
  let test: TestStore;
  let collection: LanceCollection;
  before(async () => {
    test = await openTestStore();
    const created = await test.store.create("singles", { ...schema, index: "ivf_flat" });
    await created.upsert(batchOf(rowsFrom(0, indexedRows)), calm);
    await created.upkeep("owed", calm);
    assert.ok(created instanceof LanceCollection);
    await created.parts.table.addColumns([{ name: "foreign_int", valueSql: "cast(n as int)" }]);
    await created.close();
    for (let at = indexedRows; at < indexedRows + calls; at += 1) await call(rowsFrom(at, 1));
    collection = (await test.store.openCollection("singles", "read")) as LanceCollection;
  });
  after(async () => {
    await collection.close();
    await test.close();
  });

  /** One call of a program: opens, stores one row, does what is owed, closes. */
  async function call(rows: ReturnType<typeof rowsFrom>): Promise<void> {
    const opened = await test.store.openCollection("singles", "write");
    await opened.upsert(batchOf(rows), calm);
    await opened.upkeep("owed", calm);
    await opened.close();
  }

  it("stay in few files, and no file of the index is written again", async () => {
    const { fragmentStats } = await collection.parts.table.stats();
    assert.ok(fragmentStats.numFragments < 25, `${fragmentStats.numFragments} files`);
    const vector = await collection.parts.table.indexStats("vector_idx");
    assert.deepEqual([vector!.numIndexedRows, vector!.numUnindexedRows, vector!.numIndices], [indexedRows, calls, 1]);
  });

  it("are there once each, with all their columns", async () => {
    assert.equal(await collection.count(), indexedRows + calls);
    const ids = Array.from({ length: calls }, (_, at) => `row ${indexedRows + at}`);
    const found = await collection.get(ids, { vectors: "include" });
    assert.equal(found.length, calls);
    for (const { id, vector, facts } of found) {
      const at = Number(String(id).slice("row ".length));
      assert.equal(facts.metadata["n"], at);
      assert.deepEqual([...vector!], [...Float32Array.from(unitVector(at))]);
    }
    assert.equal(await collection.parts.table.countRows("foreign_int = n"), indexedRows);
  });

  it("are found by a search at once, and replaced by a row with the same key", async () => {
    const last = indexedRows + calls - 1;
    const [hits] = await collection.search([unitVector(last)], { topK: 1 });
    assert.equal(hits![0]!.id, `row ${last}`);
    await call(rowsFrom(last, 1));
    await call(rowsFrom(5, 1));
    assert.equal(await collection.count(), indexedRows + calls);
  });

  it("are all found after rows before and after the index were deleted and replaced", async () => {
    const writer = await test.store.openCollection("singles", "write");
    const last = indexedRows + calls - 1;
    await writer.delete({ ids: Array.from({ length: 500 }, (_, at) => `row ${100 + at}`) }, calm);
    await writer.upsert(batchOf(rowsFrom(700, 3)), calm);
    await writer.delete({ ids: [`row ${last}`, `row ${last - 50}`] }, calm);
    await writer.upsert(batchOf(rowsFrom(last, 5)), calm);
    await writer.close();
    for await (const rows of collection.scan({ vectors: "include" })) {
      const answers = await collection.search(
        rows.map(({ vector }) => vector!),
        { topK: 5 },
      );
      for (const [at, row] of rows.entries()) assert.ok(answers[at]!.some(({ id, score }) => id === row.id && score > 0.9999));
    }
    const [hits] = await collection.search([unitVector(last - 50)], { topK: 1 });
    assert.notEqual(hits![0]!.id, `row ${last - 50}`);
  });
});
