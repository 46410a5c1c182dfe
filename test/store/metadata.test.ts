/** Metadata that some rows have and others have not, in every way that a table can meet it. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Collection, Metadata, MetadataValue } from "../../src/contracts/index.js";
import { batchOf, calm } from "../conformance/store-rows-data.js";
import { rowsFrom, schema } from "./rows.js";
import { openTestStore, type TestStore } from "./stores.js";

const samples: Readonly<Record<string, readonly [MetadataValue, MetadataValue]>> = {
  text: ["a", ""],
  number: [1, -0.5],
  boolean: [true, false],
};

describe("metadata that is not there", () => {
  let test: TestStore;
  before(async () => {
    test = await openTestStore();
  });
  after(() => test.close());

  async function metadataOf(collection: Collection, ids: readonly string[]): Promise<readonly Metadata[]> {
    const rows = new Map((await collection.get(ids, { vectors: "omit" })).map((row) => [row.id, row.facts.metadata]));
    return ids.map((id) => rows.get(id) ?? { missing: id });
  }

  const upsert = async (collection: Collection, rows: readonly { readonly id: string; readonly metadata?: Metadata }[]) =>
    assert.deepEqual(await collection.upsert(batchOf(rows), calm), []);

  for (const [type, [one, other]] of Object.entries(samples)) {
    for (const size of ["small", "indexed"] as const) {
      it(`rows without a ${type} are stored in batches with and without it, now and later; table: ${size}`, async () => {
        const name = `without_${type}_${size}`;
        let collection = await test.store.create(name, schema);
        if (size === "indexed") {
          await collection.upsert(batchOf(rowsFrom(0, 10_000)), calm);
          await collection.upkeep("owed", calm);
        }
        await upsert(collection, [{ id: "given", metadata: { k: one } }]);
        await upsert(collection, [{ id: "absent" }]);
        await upsert(collection, [{ id: "null", metadata: { k: null as unknown as MetadataValue } }]);
        await upsert(collection, [{ id: "mixed 1", metadata: { k: other } }, { id: "mixed 2" }]);
        await upsert(
          collection,
          Array.from({ length: 9 }, (_, at) => ({ id: `many ${at}` })),
        );
        await collection.upkeep("all", calm);
        await collection.close();
        collection = await test.store.openCollection(name, "write");
        await upsert(collection, [{ id: "later" }, { id: "later too" }]);
        await upsert(collection, [{ id: "given" }]);
        await upsert(collection, [{ id: "absent", metadata: { k: one } }]);
        const ids = ["given", "absent", "null", "mixed 1", "mixed 2", "many 8", "later", "later too"];
        assert.deepEqual(await metadataOf(collection, ids), [{}, { k: one }, {}, { k: other }, {}, {}, {}, {}]);
        assert.equal(await collection.count({ kind: "exists", key: "k" }), 2);
        await collection.close();
      });
    }
  }

  it("a batch that has several columns of every type, and none of them in any row", async () => {
    const collection = await test.store.create("none_at_all", schema);
    await upsert(collection, [{ id: "a", metadata: { b1: true, b2: false, n: 1, t: "x" } }]);
    await upsert(
      collection,
      Array.from({ length: 70 }, (_, at) => ({ id: `row ${at}` })),
    );
    await upsert(collection, [{ id: "b", metadata: { b2: true } }, { id: "c" }]);
    assert.deepEqual(await metadataOf(collection, ["a", "row 69", "b", "c"]), [
      { b1: true, b2: false, n: 1, t: "x" },
      {},
      { b2: true },
      {},
    ]);
    await collection.close();
  });
});
