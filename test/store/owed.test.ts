/** Upkeep that is owed: decided by what the table has become, whoever wrote its rows, and however many calls they took. */
import assert from "node:assert/strict";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { LanceCollection } from "../../src/adapters/lancedb/collection.js";
import { batchOf, calm, unitVector } from "../conformance/store-rows-data.js";
import { rowsFrom, schema } from "./rows.js";
import { openTestStore, type TestStore } from "./stores.js";

const width = 16;

describe("upkeep that is owed", () => {
  let test: TestStore;
  before(async () => {
    test = await openTestStore();
  });
  after(() => test.close());

  const rows = (start: number, count: number) => batchOf(rowsFrom(start, count, width));

  async function create(name: string, index: string, count: number): Promise<LanceCollection> {
    const collection = await test.store.create(name, { ...schema, dimension: width, index });
    await collection.upsert(rows(0, count), calm);
    return collection as LanceCollection;
  }

  /** One call of a program: opens, stores one row, does what is owed, closes. */
  async function call(name: string, at: number): Promise<void> {
    const collection = await test.store.openCollection(name, "write");
    await collection.upsert(rows(at, 1), calm);
    await collection.settle(calm);
    await collection.upkeep("owed", calm);
    await collection.close();
  }

  async function keepUp(name: string, extent: "owed" | "all" = "owed"): Promise<void> {
    const collection = await test.store.openCollection(name, "write");
    await collection.upkeep(extent, calm);
    await collection.close();
  }

  /** What a reader who comes now finds. */
  async function found<T>(name: string, read: (collection: LanceCollection) => Promise<T>): Promise<T> {
    const collection = await test.store.openCollection(name, "read");
    assert.ok(collection instanceof LanceCollection);
    try {
      return await read(collection);
    } finally {
      await collection.close();
    }
  }

  const fragments = (name: string) => found(name, async ({ parts }) => (await parts.table.stats()).fragmentStats.numFragments);
  const vectorParts = (name: string) => found(name, async ({ parts }) => (await parts.table.indexStats("vector_idx"))?.numIndices);
  const indexed = (name: string) =>
    found(name, async ({ parts }) => (await parts.table.listIndices()).flatMap((index) => index.columns).sort());
  const bytes = (name: string) =>
    readdirSync(join(test.path, `${name}.lance`, "data"))
      .map((file) => statSync(join(test.path, `${name}.lance`, "data", file)).size)
      .reduce((sum, size) => sum + size, 0);

  async function assertNearest(name: string, seeds: readonly number[]): Promise<void> {
    await found(name, async (collection) => {
      for (const seed of seeds) {
        const [hits] = await collection.search([unitVector(seed, width)], { topK: 3 });
        assert.equal(hits![0]?.id, `row ${seed}`);
        assert.ok(Math.abs(hits![0]!.score - 1) < 1e-4, `the score of row ${seed} is exact`);
      }
    });
  }

  it("what a writer left that ended before its upkeep is done by the next one, which stores nothing", async () => {
    const collection = await create("left", "ivf_flat", 300);
    for (let at = 0; at < 80; at += 1) await collection.upsert(rows(300 + at, 1), calm);
    await collection.close();
    assert.equal(await fragments("left"), 81);
    await keepUp("left");
    assert.equal(await fragments("left"), 1);
    assert.equal(await vectorParts("left"), 1);
    await assertNearest("left", [7, 300, 379]);
  });

  it("calls of one row each leave neither a part of the index nor a copy of the table, and every row is found at once", async () => {
    await (await create("singles", "ivf_flat", 5_000)).close();
    await keepUp("singles");
    const size = bytes("singles");
    for (let at = 5_000; at < 5_030; at += 1) await call("singles", at);
    assert.equal(await vectorParts("singles"), 1);
    assert.ok(bytes("singles") < 2 * size, `${bytes("singles")} bytes after 30 rows more, ${size} before`);
    await assertNearest("singles", [5, 5_000, 5_029]);
  });

  it("a small table without an index is not written again for each row either", async () => {
    await (await create("small", "none", 5_000)).close();
    await keepUp("small");
    const size = bytes("small");
    for (let at = 5_000; at < 5_030; at += 1) await call("small", at);
    assert.ok(bytes("small") < 2 * size, `${bytes("small")} bytes after 30 rows more, ${size} before`);
    assert.equal(await fragments("small"), 31);
    for (let at = 5_030; at < 5_070; at += 1) await call("small", at);
    assert.ok((await fragments("small")) < 64, "enough of them were merged");
    await assertNearest("small", [5, 5_000, 5_069]);
  });

  for (const extent of ["owed", "all"] as const) {
    it(`${extent}: an index of many parts becomes one of one part`, async () => {
      const name = `parts_${extent}`;
      const collection = await create(name, "ivf_flat", 300);
      await collection.upkeep("owed", calm);
      for (let at = 300; at < 310; at += 1) {
        await collection.upsert(rows(at, 1), calm);
        await collection.parts.table.optimize();
      }
      await collection.close();
      assert.equal(await vectorParts(name), 11);
      await keepUp(name, extent);
      assert.equal(await vectorParts(name), 1);
      if (extent === "all") assert.equal(await fragments(name), 1);
      await assertNearest(name, [7, 300, 309]);
    });
  }

  it("indexes that were requested are kept up to date, in a collection that gets none by itself", async () => {
    const collection = await create("requested", "none", 300);
    for (const column of ["vector", "n"]) await collection.buildIndex(column, calm);
    for (let at = 300; at < 310; at += 1) {
      await collection.upsert(rows(at, 1), calm);
      await collection.parts.table.optimize();
    }
    await collection.close();
    assert.equal(await vectorParts("requested"), 11);
    await keepUp("requested");
    assert.equal(await vectorParts("requested"), 1);
    await assertNearest("requested", [7, 300, 309]);
    const again = await test.store.openCollection("requested", "write");
    await again.upsert(rows(310, 4_000), calm);
    await again.upkeep("owed", calm);
    for (const column of ["vector", "n"]) assert.equal((await again.buildIndex(column, calm)).outcome, "unchanged");
    await again.close();
  });

  it("a search uses the index on the key of its filter", async () => {
    const collection = await create("planned", "none", 1_000);
    const plan = () => collection.parts.table.query().where("`n` = 5").explainPlan(true);
    assert.doesNotMatch(await plan(), /ScalarIndexQuery/);
    await collection.buildIndex("n", calm);
    assert.match(await plan(), /ScalarIndexQuery.*n_idx/);
    await collection.close();
  });

  it("a long series of writes that looks up keys gets its indexes on keys and contents on the way, and stores no key twice", async () => {
    const collection = await create("long", "none", 9_000);
    for (let start = 9_000; start < 14_000; start += 1_000) await collection.upsert(rows(start, 1_000), calm);
    assert.deepEqual(await indexed("long"), [], "rows with new keys are appended, so no index is needed");
    await collection.known(["row 7"], calm);
    await collection.upsert(rows(8_000, 1_000), calm);
    assert.deepEqual(await indexed("long"), ["content", "id"]);
    for (let start = 8_000; start < 20_000; start += 1_000) await collection.upsert(rows(start, 1_000), calm);
    assert.equal(await collection.count(), 20_000);
    const stats = await collection.parts.table.indexStats("id_idx");
    assert.ok(stats!.numUnindexedRows < 5_000, `${stats!.numUnindexedRows} rows outside the index`);
    await collection.close();
  });
});
