/** The types of metadata columns, when several processes register them at the same time. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Collection, Metadata, RowFailure } from "../../../src/contracts/index.js";
import { batchOf } from "../../conformance/store-rows-data.js";
import { connectionOf } from "../../support/milvus-connections.js";
import { calm, LiveMilvus, missing } from "./milvus.js";

const schema = { dimension: 4, metric: "cosine", passport: null } as const;

describe("metadata columns", { skip: missing }, () => {
  const live = new LiveMilvus("columns_");

  /** The same new collection, opened by so many stores with connections of their own. */
  async function writersOf(name: string, count: number): Promise<readonly Collection[]> {
    const made = await (await live.store()).create(name, schema);
    await made.close();
    return Promise.all(Array.from({ length: count }, async () => (await live.store()).openCollection(name, "write")));
  }

  /** A row with a value of another type for each of the columns fails alone in a writer that opens the collection now. */
  async function refusals(name: string, metadata: Metadata): Promise<readonly (readonly [number, string])[]> {
    const collection = await (await live.store()).openCollection(name, "write");
    const rows = [{ id: "fits" }, ...Object.entries(metadata).map(([key, value]) => ({ id: `wrong ${key}`, metadata: { [key]: value } }))];
    return codesOf(await collection.upsert(batchOf(rows), calm));
  }

  it("of two writers that each register a new one at the same time are both registered", async () => {
    const name = "columns_two";
    const [first, second] = await writersOf(name, 2);
    const failures = await Promise.all([
      first!.upsert(batchOf([{ id: "a", metadata: { year: 2020 } }]), calm),
      second!.upsert(batchOf([{ id: "b", metadata: { camera: "X100" } }]), calm),
    ]);
    assert.deepEqual(failures, [[], []]);
    assert.deepEqual(await refusals(name, { year: "text", camera: 1 }), [
      [1, "metadata_type"],
      [2, "metadata_type"],
    ]);
  });

  it("of many writers are all registered, whenever each of them writes", async () => {
    const name = "columns_many";
    const [writers, columns] = [5, 6];
    const stores = await writersOf(name, writers);
    const key = (writer: number, column: number) => `key_${writer}_${column}`;
    await Promise.all(
      stores.map(async (collection, writer) => {
        for (let column = 0; column < columns; column++) {
          const row = { id: key(writer, column), metadata: { [key(writer, column)]: column % 2 === 0 ? true : "text" } };
          assert.deepEqual(await collection.upsert(batchOf([row]), calm), []);
        }
      }),
    );
    const wrong = Array.from({ length: writers * columns }, (_, at) => [key(Math.floor(at / columns), at % columns), 1]);
    const refused = await refusals(name, Object.fromEntries(wrong));
    assert.deepEqual(
      refused,
      wrong.map((_, at) => [at + 1, "metadata_type"]),
    );
  });

  it("have one type after two writers gave them different ones: each row with another type fails alone, and the other rows are stored", async () => {
    const name = "columns_types";
    const [numbers, texts] = await writersOf(name, 2);
    const results = await Promise.all([
      numbers!.upsert(batchOf([{ id: "n1", metadata: { size: 1 } }, { id: "n2" }]), calm),
      texts!.upsert(
        batchOf([
          { id: "t1", metadata: { size: "L" } },
          { id: "t2", metadata: { note: "x" } },
        ]),
        calm,
      ),
    ]);
    const [ofNumbers, ofTexts] = results.map(codesOf);
    assert.deepEqual([ofNumbers, ofTexts].map((each) => each!.length).sort(), [0, 1], JSON.stringify(results));
    assert.deepEqual([...ofNumbers!, ...ofTexts!], [[0, "metadata_type"]]);
    const isNumber = ofNumbers!.length === 0;
    assert.deepEqual((await numbers!.get(["n1", "n2", "t1", "t2"], { vectors: "omit" })).map(({ id }) => id).sort(), [
      ...(isNumber ? ["n1"] : []),
      ...["n2", ...(isNumber ? [] : ["t1"]), "t2"],
    ]);
    for (const [collection, id] of [
      [numbers!, "n3"],
      [texts!, "t3"],
    ] as const) {
      const rows = [
        { id: `${id} number`, metadata: { size: 2 } },
        { id: `${id} text`, metadata: { size: "M" } },
      ];
      assert.deepEqual(codesOf(await collection.upsert(batchOf(rows), calm)), [[isNumber ? 1 : 0, "metadata_type"]]);
    }
  });

  it("whose type another writer registered since the collection was opened have this type", async () => {
    const name = "columns_later";
    const [first, second] = await writersOf(name, 2);
    assert.deepEqual(await first!.upsert(batchOf([{ id: "a", metadata: { year: 2020 } }]), calm), []);
    const rows = [
      { id: "b", metadata: { year: "2021" } },
      { id: "c", metadata: { year: 2022, other: true } },
    ];
    const [failure, ...more] = await second!.upsert(batchOf(rows), calm);
    assert.deepEqual([failure?.index, failure?.error.code, more], [0, "metadata_type", []]);
    assert.match(failure?.error.message ?? "", /metadata year: expected number, found text/);
    assert.equal(await first!.count(), 2);
  });

  it("that an earlier version registered keep their type", async () => {
    const name = "columns_earlier";
    const store = await live.store();
    await (await store.create(name, schema)).close();
    const properties = { "headrace.columns": JSON.stringify({ year: "number" }) };
    const altered = await connectionOf(store).client.alterCollectionProperties({ collection_name: name, properties });
    assert.equal(altered.error_code, "Success", altered.reason);
    assert.deepEqual(await refusals(name, { year: "text" }), [[1, "metadata_type"]]);
  });
});

function codesOf(failures: readonly RowFailure[]): readonly (readonly [number, string])[] {
  return failures.map(({ index, error }) => [index, error.code]);
}
