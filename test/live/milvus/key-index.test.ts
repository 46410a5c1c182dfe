/** Indexes on fields, as a user requests them: built once, shown, and without effect on what a filter finds. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { declaredCollection } from "../../../src/adapters/milvus/options.js";
import { type Filter, HeadraceError } from "../../../src/contracts/index.js";
import { parseFilter } from "../../../src/filter/index.js";
import { connectionOf } from "../../support/milvus-connections.js";
import { calm, keys, LiveMilvus, missing, rowsOf } from "./milvus.js";

const name = "keyed_declared";
const filters = [
  'camera == "X3"',
  'startsWith(camera, "X1")',
  "year >= 2010 and year < 2015",
  "year == 2003",
  "keep == true",
  "width == 640",
];

describe("indexes on fields", { skip: missing }, () => {
  const live = new LiveMilvus("keyed_");

  it("are built once on declared and built-in fields, and filters find the same rows with them", async (context) => {
    const fields = [
      { name: "year", type: "INT64" },
      { name: "camera", type: "VARCHAR" },
      { name: "rating", type: "DOUBLE" },
      { name: "keep", type: "BOOL" },
    ];
    const store = await live.store({}, {}, { collections: [declaredCollection.parse({ name, schema: { fields } })] });
    const collection = await store.create(name, { dimension: 8, metric: "l2", passport: null });
    const metadata = (index: number) => ({
      year: 2000 + (index % 20),
      camera: `X${index % 15}`,
      rating: index / 3,
      keep: index % 4 === 0,
      free: index,
    });
    assert.deepEqual(await collection.upsert(rowsOf(keys(3000), { metadata }), calm), []);
    const counts = () => Promise.all(filters.map((text) => collection.count(parseFilter(text) as Filter)));
    const before = await counts();
    assert.ok(before.every((count) => count > 0));

    for (const column of ["year", "camera", "rating", "width", "source"]) {
      const built = await collection.buildIndex(column, calm);
      assert.deepEqual([built.column, built.outcome, built.rows], [column, "built", 3000]);
      assert.deepEqual(await collection.buildIndex(column, calm), { ...built, outcome: "unchanged" });
      context.diagnostic(`${column}: ${built.type}`);
    }
    const [keep] = await Promise.allSettled([collection.buildIndex("keep", calm)]);
    if (keep.status === "rejected") assert.ok(isInvalid(keep.reason, /keep: expected a field that Milvus can index/), String(keep.reason));
    context.diagnostic(`keep: ${keep.status === "rejected" ? keep.reason : keep.value.type}`);
    const expected = ["camera", ...(keep.status === "rejected" ? [] : ["keep"]), "rating", "source", "width", "year"];
    assert.deepEqual((await collection.stats()).indexedKeys, expected);
    assert.deepEqual((await store.list()).find((each) => each.name === name)?.indexedKeys, expected);
    assert.deepEqual(await counts(), before);
    assert.deepEqual(await collection.upsert(rowsOf(keys(300, 3000), { metadata }), calm), []);
    assert.equal(await collection.count(parseFilter("year == 2003") as Filter), before[3]! + 15);
  });

  it("on keys without a field of their own are refused with what to do, and the key of rows needs none", async () => {
    const store = await live.store();
    const collection = await store.openCollection(name, "write");
    await assert.rejects(collection.buildIndex("free", calm), (error) => isInvalid(error, /free/) && /collections/.test(error.hint));
    await assert.rejects(collection.buildIndex("absent", calm), (error) => isInvalid(error, /absent/));
    assert.deepEqual(await collection.buildIndex("id", calm), { column: "id", type: "primary key", outcome: "unchanged", rows: 3300 });
    const { index_descriptions } = await connectionOf(store).client.describeIndex({ collection_name: name });
    assert.equal(index_descriptions.find(({ field_name }) => field_name === "vector")?.index_name, "headrace_exact");
  });
});

function isInvalid(error: unknown, words: RegExp): error is HeadraceError {
  return HeadraceError.is(error) && error.code === "index_invalid" && words.test(error.message);
}
