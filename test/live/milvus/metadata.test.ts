/** Declared fields and keys of the dynamic field, with every kind of value, absent or null. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { declaredCollection } from "../../../src/adapters/milvus/options.js";
import type { Metadata } from "../../../src/contracts/index.js";
import { calm, keys, LiveMilvus, missing, rowsOf } from "./milvus.js";

describe("declared metadata", { skip: missing }, () => {
  const live = new LiveMilvus("metadata_");

  const types = [
    ["VARCHAR", "text"],
    ["DOUBLE", 2.5],
    ["INT64", 7],
    ["BOOL", true],
  ] as const;
  for (const [type, value] of types) {
    it(`a row without a value for a declared ${type} fails alone, in every mixture of batches`, async () => {
      const name = `metadata_${type.toLowerCase()}`;
      const declared = declaredCollection.parse({ name, schema: { fields: [{ name: "extra", type }] } });
      for (const upsertPath of ["encoded", "sdk"] as const) {
        const store = await live.store({}, {}, { upsertPath, collections: [declared] });
        const collection = await store.create(name, { dimension: 8, metric: "l2", passport: null });
        const rows: readonly Metadata[] = [
          { extra: value },
          { extra: null },
          {},
          { extra: value, free: value },
          { extra: value, free: null },
        ];
        const failures = await collection.upsert(rowsOf(keys(5), { metadata: (index) => rows[index]! }), calm);
        assert.deepEqual(
          failures.map(({ index, error }) => [index, error.code]),
          [
            [1, "metadata_type"],
            [2, "metadata_type"],
          ],
        );
        const stored = await collection.get(keys(5), { vectors: "omit" });
        const metadata = Object.fromEntries(stored.map(({ id, facts }) => [id, facts.metadata]));
        assert.deepEqual(metadata, {
          "key-000000": { extra: value },
          "key-000003": { extra: value, free: value },
          "key-000004": { extra: value },
        });
        await store.drop(name);
      }
    });
  }

  it("rows whose metadata are more than one answer of Milvus holds are read in smaller pages", async () => {
    const store = await live.store();
    const collection = await store.create("metadata_large", { dimension: 8, metric: "l2", passport: null });
    const note = "x".repeat(50_000);
    for (let from = 0; from < 2400; from += 400) {
      assert.deepEqual(await collection.upsert(rowsOf(keys(400, from), { metadata: () => ({ note }) }), calm), []);
    }
    let rows = 0;
    for await (const page of collection.scan({ vectors: "omit", batchRows: 2400 })) rows += page.length;
    assert.equal(rows, 2400);
  });
});
