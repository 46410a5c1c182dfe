/** Looking up contents of which there are many copies. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { RecordBatch } from "apache-arrow";
import { LanceCollection } from "../../src/adapters/lancedb/collection.js";
import { batchOf, calm, unitVector } from "../conformance/store-rows-data.js";
import { schema } from "./rows.js";
import { openTestStore, type TestStore } from "./stores.js";

/** Counts the vectors that are read from now on. */
function countVectors({ parts: { table } }: LanceCollection): () => number {
  let vectors = 0;
  const query = table.query.bind(table);
  table.query = () => {
    const asked = query();
    const iterate = asked[Symbol.asyncIterator].bind(asked);
    asked[Symbol.asyncIterator] = () => {
      const batches = iterate();
      const next = batches.next.bind(batches);
      batches.next = async () => {
        const result = await next();
        const batch = result.value as RecordBatch | undefined;
        if (batch?.getChild("vector")) vectors += batch.numRows;
        return result;
      };
      return batches;
    };
    return asked;
  };
  return () => vectors;
}

describe("contents with many copies", () => {
  let test: TestStore;
  before(async () => {
    test = await openTestStore();
  });
  after(() => test.close());

  it("are answered by one row each, and no more vectors are read than a few for each content", async () => {
    const collection = await test.store.create("copies", schema);
    assert.ok(collection instanceof LanceCollection);
    const copies = (content: string, count: number, seed: number) =>
      Array.from({ length: count }, (_, at) => ({ id: `${content} ${at}`, vector: [...unitVector(seed)], facts: { content } }));
    await collection.upsert(batchOf([...copies("placeholder", 5_000, 1), ...copies("logo", 300, 2)]), calm);
    await collection.upsert(batchOf([...copies("pair", 2, 3), ...copies("single", 1, 4)]), calm);
    const vectors = countVectors(collection);
    const found = await collection.byContent(["placeholder", "absent", "logo", "pair", "single", ""], calm);
    assert.deepEqual([...found.keys()].sort(), ["logo", "pair", "placeholder", "single"]);
    for (const [content, seed] of [
      ["placeholder", 1],
      ["logo", 2],
      ["pair", 3],
      ["single", 4],
    ] as const) {
      assert.deepEqual(found.get(content), { vector: unitVector(seed), width: 640, height: 480 });
    }
    assert.ok(vectors() >= 4, "the vectors that were read are counted");
    assert.ok(vectors() <= 12, `${vectors()} vectors were read`);
    await collection.close();
  });

  it("of which each has twenty copies, are answered by two queries", async () => {
    const collection = await test.store.create("twenties", schema);
    assert.ok(collection instanceof LanceCollection);
    const contents = Array.from({ length: 100 }, (_, at) => `picture ${at}`);
    const copies = Array.from({ length: 20 }, (_, copy) => contents.map((content) => ({ id: `${content} ${copy}`, facts: { content } })));
    await collection.upsert(batchOf(copies.flat()), calm);
    const { table } = collection.parts;
    const query = table.query.bind(table);
    let queries = 0;
    table.query = () => {
      queries += 1;
      return query();
    };
    assert.equal((await collection.byContent(contents, calm)).size, 100);
    assert.equal(queries, 2);
    await collection.close();
  });
});
