/** Filters and names made to break out of an expression: they find nothing, change nothing, and are errors of ours or no error. */
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import type { Collection, Filter } from "../../../src/contracts/index.js";
import { HeadraceError } from "../../../src/contracts/index.js";
import { calm, keys, LiveMilvus, missing, rowsOf } from "./milvus.js";

const payloads = [
  '" or id != "',
  '" or 1 == 1 or source == "',
  "' or '1'='1",
  '\\" or id != \\"',
  '\\\\" or id != "',
  'x" or true or "',
  '"] or id in ["key-000001',
  '"]) or (id != "',
  "%",
  "_",
  "%%",
  "key%",
  "key______",
  "$meta",
  '$meta["index"] >= 0',
  "count(*)",
  "\u0000",
  'a\u0000" or id != "',
  "\n or id != ''",
  "\u2028",
  "\u202e",
  "\ufeff",
  "\u{1F600}\u{10FFFF}",
  "{{id}}",
  "$" + "{id}",
  "{id}",
  "/* */ or 1==1",
  "-- ",
  "; drop collection hostile_rows",
  "not in []",
  "exists id",
  "null",
  "true",
  "\\u0022 or id != \\u0022",
  "\\x22 or id != \\x22",
  "\\042",
  "\\",
  "\\\\",
  '"',
  '""',
];
const names = [
  'index"] >= 0 or $meta["x',
  "id or 1 == 1",
  "id != ''",
  "$meta",
  "count(*)",
  "vector",
  "",
  "a b",
  "INDEX",
  "\u0000",
  "__proto__.x",
  'x"',
];

describe("hostile filters and names", { skip: missing }, () => {
  const live = new LiveMilvus("hostile_");
  let collection: Collection;

  before(async () => {
    const store = await live.store();
    collection = await store.create("hostile_rows", { dimension: 8, metric: "l2", passport: null });
    assert.deepEqual(await collection.upsert(rowsOf(keys(20), { metadata: (index) => ({ index, note: `note ${index}` }) }), calm), []);
  });

  const unchanged = async () => assert.equal(await collection.count(), 20);

  it("the same filters with real values find and delete what they name (the control)", async () => {
    const filter: Filter = { kind: "compare", key: "note", operator: "==", value: "note 3" };
    assert.equal(await collection.count(filter), 1);
    assert.equal(await collection.delete({ filter }, calm), 1);
    assert.equal(await collection.delete({ ids: ["key-000004"] }, calm), 1);
    assert.equal(await collection.count(), 18);
    assert.deepEqual(await collection.upsert(rowsOf(keys(20), { metadata: (index) => ({ index, note: `note ${index}` }) }), calm), []);
    await unchanged();
  });

  it(`${payloads.length} texts as values of ==, in and startsWith, on text columns and metadata, match no row`, async () => {
    for (const text of payloads) {
      const terms: Filter[] = ["id", "source", "note"].flatMap((key): Filter[] => [
        { kind: "compare", key, operator: "==", value: text },
        { kind: "in", key, values: [text, `${text}x`] },
        { kind: "startsWith", key, prefix: text },
      ]);
      assert.equal(await collection.count({ kind: "or", any: terms }), 0, JSON.stringify(text));
      assert.equal(await collection.delete({ filter: { kind: "or", any: terms } }, calm), 0, JSON.stringify(text));
    }
    await unchanged();
  });

  it(`${payloads.length} texts as keys are neither known, nor found, nor deleted, and change no other row when written`, async () => {
    assert.equal((await collection.known(payloads, calm)).size, 0);
    assert.deepEqual(await collection.get(payloads, { vectors: "omit" }), []);
    assert.equal(await collection.delete({ ids: payloads }, calm), 0);
    await unchanged();
    assert.deepEqual(await collection.upsert(rowsOf(payloads), calm), []);
    assert.equal(await collection.count(), 20 + payloads.length);
    assert.equal((await collection.known(payloads, calm)).size, payloads.length);
    assert.equal(
      (
        await collection.byContent(
          payloads.map((id) => `content of ${id}`),
          calm,
        )
      ).size,
      payloads.length,
    );
    assert.equal(await collection.delete({ ids: payloads }, calm), payloads.length);
    await unchanged();
  });

  it("names that no key can have are refused before anything is sent", async () => {
    for (const key of names) {
      for (const filter of [
        { kind: "exists", key },
        { kind: "compare", key, operator: ">=", value: 0 },
        { kind: "startsWith", key, prefix: "" },
      ] as const) {
        const refused = (error: unknown) => HeadraceError.is(error) && error.code === "filter_invalid";
        await assert.rejects(collection.count(filter), refused, JSON.stringify(key));
        await assert.rejects(collection.delete({ filter }, calm), refused, JSON.stringify(key));
      }
    }
    await unchanged();
  });

  it("names of collections are checked before anything is sent", async () => {
    const store = await live.store();
    for (const name of ["hostile_rows; x", "live hostile", 'hostile_rows"', "../hostile_rows", "", "live-hostile", "hostile_rows\u0000"]) {
      const refused = (error: unknown) => HeadraceError.is(error) && error.code === "name_invalid";
      await assert.rejects(store.drop(name), refused, JSON.stringify(name));
      await assert.rejects(store.openCollection(name, "write"), refused, JSON.stringify(name));
    }
    await unchanged();
  });
});
