/** A LanceDB table that grows: its merged file is not written again at the end. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { LanceCollection } from "../../src/adapters/lancedb/collection.js";
import { mergeGrown } from "../../src/adapters/lancedb/upkeep/upkeep.js";
import { batchOf, calm, unitVector } from "../conformance/store-rows-data.js";
import { rowsFrom, schema } from "./rows.js";
import { openTestStore, type TestStore } from "./stores.js";

const [width, batchRows, batches] = [16, 3_000, 8] as const;

describe("a table that grows", () => {
  let test: TestStore;
  before(async () => {
    test = await openTestStore();
  });
  after(() => test.close());

  const files = () => readdirSync(join(test.path, "growing.lance", "data"));

  it("keeps its merged file at the end of the run, merges only the newer files, and finds all rows", async () => {
    const collection = await test.store.create("growing", { ...schema, dimension: width });
    assert.ok(collection instanceof LanceCollection);
    const write = async (batch: number) => collection.upsert(batchOf(rowsFrom(batch * batchRows, batchRows, width)), calm);
    for (let batch = 0; batch < batches / 2; batch += 1) await write(batch);
    const { vendor, table, folder } = collection.parts;
    await mergeGrown({ vendor, table, folder, mayGoOn: async () => undefined });
    const merged = files();
    assert.equal(merged.length, 1);
    for (let batch = batches / 2; batch < batches; batch += 1) await write(batch);
    await collection.upkeep("owed", calm);
    assert.ok(files().includes(merged[0]!), "the merged file is still there");
    assert.equal((await table.stats()).fragmentStats.numFragments, 2);
    const { index, count } = await collection.stats();
    assert.deepEqual([index, count], ["ivf_rq", batchRows * batches]);
    for (const column of ["id", "content", "vector"]) {
      const found = (await table.listIndices()).find(({ columns }) => columns.includes(column));
      assert.equal(found?.numUnindexedRows, 0, `the index on ${column} has all rows`);
    }
    const rows = [0, batchRows * 4 - 1, batchRows * 4, batchRows * batches - 1];
    const ids = rows.map((row) => `row ${row}`);
    assert.deepEqual((await collection.get(ids, { vectors: "omit" })).map(({ id }) => id).sort(), [...ids].sort());
    for (const row of rows) {
      const [hits] = await collection.search([unitVector(row, width)], { topK: 1 });
      assert.ok(hits![0]!.score > 0.999);
    }
    await collection.close();
  });
});
