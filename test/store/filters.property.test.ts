/** A filter means the same in LanceDB and in the memory reference, and no text in it ever becomes part of the query. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import fc from "fast-check";
import { memoryStore } from "../../src/adapters/memory/index.js";
import { type Collection, type Filter, HeadraceError } from "../../src/contracts/index.js";
import { filterLimits, parseFilter } from "../../src/filter/index.js";
import { anyFilter, filterRows } from "../conformance/store-filters.js";
import { batchOf, calm, dimension, idsOf, unitVector } from "../conformance/store-rows-data.js";
import { printFilter } from "../support/filter-text.js";
import { openTestStore, type TestStore } from "./stores.js";

const schema = { dimension, metric: "cosine", passport: null } as const;
const all = [..."abcdefghij"];

/** What has broken out of a query somewhere. */
const attacks = [
  "'",
  "''",
  "' OR '1'='1",
  "' OR 1=1 --",
  "'; DROP TABLE x; --",
  "') OR (1=1",
  "\\",
  "\\'",
  "\\' OR 1=1 --",
  '"',
  '" or "1"=="1',
  '" or true or "',
  "`",
  "` OR 1=1 --",
  "`id` IS NOT NULL",
  "%",
  "_",
  "%' OR '%'='",
  "\u0000",
  "a\u0000' OR 1=1",
  "\n' OR 1=1",
  "/*",
  "*/ OR 1=1 /*",
  "--",
  "#",
  "$(id)",
  "{{x}}",
  "$1",
  "?",
  ":x",
  "@x",
  "NULL",
  "TRUE",
  "id IS NOT NULL",
  "1) OR (1=1",
  "\u02BC OR 1=1",
  "\uFF07 OR 1=1",
  "\u2019 OR 1=1",
  "x".repeat(60_000),
  "\u{1F600}'",
];

describe("a filter over LanceDB", () => {
  let test: TestStore;
  let lance: Collection;
  let memory: Collection;
  before(async () => {
    test = await openTestStore();
    lance = await test.store.create("rows", schema);
    memory = await memoryStore().create("rows", schema);
    for (const collection of [lance, memory]) assert.deepEqual(await collection.upsert(batchOf(filterRows), calm), []);
  });
  after(async () => {
    await lance.close();
    await test.close();
  });

  it("finds the rows that the reference finds, for 200 generated filters", async () => {
    const found = { none: 0, some: 0, all: 0 };
    await fc.assert(
      fc.asyncProperty(anyFilter, async (filter) => {
        const expected = await idsOf(memory, filter);
        assert.deepEqual(await idsOf(lance, filter), expected, printFilter(filter));
        assert.equal(await lance.count(filter), expected.length);
        const [hits] = await lance.search([unitVector(3)], { topK: 20, filter });
        assert.deepEqual(hits!.map((hit) => String(hit.id)).sort(), expected);
        found[expected.length === 0 ? "none" : expected.length === all.length ? "all" : "some"] += 1;
      }),
      { numRuns: 200 },
    );
    assert.ok(found.some >= 20, `too few of the filters tell rows apart: ${JSON.stringify(found)}`);
  });

  it("40 hostile texts, as value, prefix and list, find nothing and delete nothing", async () => {
    assert.ok(attacks.length >= 40);
    for (const text of attacks) {
      const filters: readonly Filter[] = [
        { kind: "compare", key: "camera", operator: "==", value: text },
        { kind: "startsWith", key: "camera", prefix: text },
        { kind: "in", key: "id", values: [text, `${text}x`] },
      ];
      for (const filter of filters) {
        assert.deepEqual(await idsOf(lance, filter), await idsOf(memory, filter), JSON.stringify(text).slice(0, 80));
        assert.equal(await lance.delete({ filter }, calm), 0);
      }
      assert.equal(await lance.delete({ ids: [text] }, calm), 0);
      assert.equal((await lance.known([text], calm)).size, 0);
      assert.equal((await lance.byContent([text], calm)).size, 0);
      assert.deepEqual(await lance.get([text], { vectors: "omit" }), []);
    }
    assert.deepEqual(await idsOf(lance), all);
  });

  it("40 hostile names are refused as key, as collection and as metadata", async () => {
    for (const name of attacks.map((text) => (/^[a-z_][a-z0-9_]{0,62}$/i.test(text) ? `${text} ` : text))) {
      await assert.rejects(lance.delete({ filter: { kind: "exists", key: name } }, calm), { code: "filter_invalid" });
      await assert.rejects(test.store.drop(name), { code: "name_invalid" });
      const failures = await lance.upsert(batchOf([{ id: "new", metadata: { [name]: 1 } }]), calm);
      assert.deepEqual(
        failures.map(({ error }) => error.code),
        ["metadata_name"],
      );
    }
    assert.deepEqual(await idsOf(lance), all);
    assert.deepEqual(
      (await test.store.list()).map(({ name, count }) => [name, count]),
      [["rows", all.length]],
    );
  });

  it("40 hostile texts, stored, are found by themselves alone: the same calls do find and delete what is there", async () => {
    const collection = await test.store.create("hostile", schema);
    const rows = attacks.map((note, index) => ({ id: `row ${index}`, metadata: { note }, facts: { content: note } }));
    assert.deepEqual(await collection.upsert(batchOf(rows), calm), []);
    for (const [index, note] of attacks.entries()) {
      assert.deepEqual(await idsOf(collection, { kind: "compare", key: "note", operator: "==", value: note }), [`row ${index}`]);
      assert.equal((await collection.byContent([note], calm)).size, 1);
    }
    for (const [index, note] of attacks.entries()) {
      const filter: Filter = { kind: "in", key: "note", values: [note] };
      assert.equal(await collection.delete({ filter }, calm), 1, JSON.stringify(note).slice(0, 80));
      assert.equal(await collection.count(), attacks.length - index - 1);
    }
    await collection.close();
  });

  it("the largest filters of the language are answered, not fatal", async () => {
    const { maxTerms, maxDepth, maxValues } = filterLimits;
    const wide = Array.from({ length: maxTerms }, (_, at) => `not year == ${at + 3000}`);
    assert.equal(await lance.count(parseFilter(wide.join(" and "))), all.length);
    assert.equal(await lance.count(parseFilter(`not (${wide.join(" and ")})`)), 0);
    assert.equal(await lance.count(parseFilter(wide.join(" or "))), all.length);
    assert.equal(
      await lance.count({ kind: "in", key: "id", values: Array.from({ length: maxValues }, (_, at) => (at === 5 ? "a" : `z${at}`)) }),
      1,
    );
    for (const inner of ["year == 2019", "not exists(year)"]) {
      for (const width of [1, Math.floor((maxTerms - 1) / (maxDepth - 2))]) {
        let text = inner;
        for (let level = 0; level < maxDepth - 2; level += 1) {
          const terms = Array.from({ length: width }, (_, at) => (level % 2 === 0 ? `year != ${at - 5}` : `year == ${at + 3000}`));
          text = `(${text}) ${terms.map((term) => `${level % 2 === 0 ? "and" : "or"} ${term}`).join(" ")}`;
        }
        const filter = parseFilter(text);
        assert.deepEqual(await idsOf(lance, filter), await idsOf(memory, filter));
        assert.equal((await lance.search([unitVector(1)], { topK: 20, filter }))[0]?.length, (await idsOf(memory, filter)).length);
      }
    }
    const deep = `${"not ".repeat(maxDepth - 1)}exists(year)`;
    assert.deepEqual(await idsOf(lance, parseFilter(deep)), await idsOf(memory, parseFilter(deep)));
    await assert.rejects(
      lance.count({ kind: "raw", sql: "1=1" } as unknown as Filter),
      (error) => HeadraceError.is(error) && error.code === "filter_invalid",
    );
  });
});
