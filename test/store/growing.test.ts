/** A LanceDB table that gets its first index: its files become a few, and replaced files go meanwhile. */
import assert from "node:assert/strict";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { LanceCollection } from "../../src/adapters/lancedb/collection.js";
import { batchOf, calm, unitVector } from "../conformance/store-rows-data.js";
import { rowsFrom, schema } from "./rows.js";
import { openTestStore, type TestStore } from "./stores.js";

const [width, batchRows, batches] = [16, 5_000, 27] as const;
const rows = batchRows * batches;

describe("a table that gets its first index", () => {
  let test: TestStore;
  before(async () => {
    test = await openTestStore();
  });
  after(() => test.close());

  const filesIn = (part: string) => readdirSync(join(test.path, "growing.lance", part));
  const bytesOfRows = () => filesIn("data").reduce((sum, file) => sum + statSync(join(test.path, "growing.lance", "data", file)).size, 0);

  it("has few files, no replaced file and no replaced index afterwards, and finds all rows", async () => {
    const collection = await test.store.create("growing", { ...schema, dimension: width });
    assert.ok(collection instanceof LanceCollection);
    const write = async (batch: number) => collection.upsert(batchOf(rowsFrom(batch * batchRows, batchRows, width)), calm);
    for (let batch = 0; batch < batches; batch += 1) await write(batch);
    // Look-ups make an index on keys worthwhile while the table grows. A row that is written again is merged.
    await collection.known(["row 7"], calm);
    await write(batches - 1);
    await collection.delete({ ids: ["row 8"] }, calm);
    const { table } = collection.parts;
    const before = bytesOfRows();
    await collection.upkeep("owed", calm);
    const { numFragments } = (await table.stats()).fragmentStats;
    assert.ok(numFragments <= 4, `${numFragments} files`);
    assert.equal(filesIn("data").length, numFragments);
    assert.ok(bytesOfRows() < before * 1.1);
    assert.equal(filesIn("_indices").length, (await table.listIndices()).length);
    const { index, count } = await collection.stats();
    assert.deepEqual([index, count], ["ivf_rq", rows - 1]);
    for (const column of ["id", "content", "vector"]) {
      const found = (await table.listIndices()).find(({ columns }) => columns.includes(column));
      assert.equal(found?.numUnindexedRows, 0, `the index on ${column} has all rows`);
    }
    const found = [0, batchRows * 4 - 1, batchRows * 4, rows - 1];
    const ids = found.map((row) => `row ${row}`);
    assert.deepEqual((await collection.get([...ids, "row 8"], { vectors: "omit" })).map(({ id }) => id).sort(), [...ids].sort());
    for (const row of found) {
      const [hits] = await collection.search([unitVector(row, width)], { topK: 1 });
      assert.ok(hits![0]!.score > 0.999);
    }
    await collection.close();
  });
});
