/** What a store promises of the indexes that a user requests. */
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import fc from "fast-check";
import type { Collection, UpkeepProgress } from "../../src/contracts/index.js";
import { evaluateFilter, fieldsOf, parseFilter } from "../../src/filter/index.js";
import { ingestedAtOf } from "../../src/kit/index.js";
import { printFilter } from "../support/filter-text.js";
import { anyFilter, containsCases, filterCases, filterRows } from "./store-filters.js";
import { batchOf, calm, idsOf, unitVector } from "./store-rows-data.js";
import { rejects, type StoreSuite } from "./store-suite.js";

const keys = ["camera", "keep", "note", "rating", "source", "width", "year"];

/** Registers the tests of indexes on vectors and on keys. */
export function indexTests(suite: StoreSuite): void {
  describe("indexes", () => {
    const rows = (start: number, count: number) =>
      Array.from({ length: count }, (_, at) => ({
        id: `row ${start + at}`,
        vector: [...unitVector(start + at)],
        metadata: { n: start + at },
      }));

    it("the index on vectors is built when it is requested, covers later rows when it is requested again, and finds what was found", async () => {
      const collection = await suite.create();
      await suite.upsert(collection, rows(0, 300));
      const progress: UpkeepProgress[] = [];
      const first = await collection.buildIndex("vector", calm, { onProgress: (each) => progress.push(each) });
      assert.deepEqual([first.column, first.rows], ["vector", 300]);
      assert.ok(first.type === "none" ? first.outcome === "unchanged" : first.outcome === "built", JSON.stringify(first));
      for (const { step, share } of progress) assert.ok(step !== "" && (share === null || (share >= 0 && share <= 1)));
      assert.equal((await collection.stats()).index, first.type);
      assert.deepEqual(await collection.buildIndex("vector", calm), { ...first, outcome: "unchanged" });
      await suite.upsert(collection, rows(300, 20));
      const later = await collection.buildIndex("vector", calm);
      assert.deepEqual([later.type, later.rows], [first.type, 320]);
      assert.equal((await collection.buildIndex("vector", calm)).outcome, "unchanged");
      for (const seed of [0, 123, 299, 300, 319]) {
        const [hits] = await collection.search([unitVector(seed)], { topK: 1 });
        assert.equal(hits?.[0]?.id, `row ${seed}`);
      }
    });

    suite.needs("key indexes", "an index on a key is built once, and covers later rows when it is requested again", async () => {
      const collection = await suite.create();
      await suite.upsert(collection, rows(0, 100));
      const none = await collection.stats();
      assert.deepEqual([none.indexedKeys, none.indexableKeys], [[], ["n"]]);
      const first = await collection.buildIndex("n", calm);
      assert.deepEqual([first.column, first.outcome, first.rows], ["n", "built", 100]);
      assert.deepEqual(await collection.buildIndex("n", calm), { ...first, outcome: "unchanged" });
      const one = await collection.stats();
      assert.deepEqual([one.indexedKeys, one.indexableKeys], [["n"], ["n"]]);
      await suite.upsert(collection, rows(90, 20));
      assert.deepEqual(await idsOf(collection, parseFilter("n in [5, 95, 109]")), ["row 109", "row 5", "row 95"]);
      assert.notEqual((await collection.buildIndex("n", calm)).outcome, "built");
      await collection.upkeep("all", calm);
      assert.deepEqual(await collection.buildIndex("n", calm), { ...first, outcome: "unchanged", rows: 110 });
      assert.equal(await collection.delete({ filter: parseFilter("n >= 100") }, calm), 10);
      assert.equal(await collection.count(parseFilter("n >= 95")), 5);
    });

    it("an index on a key that no row has is index_invalid", async () => {
      const collection = await suite.create();
      await suite.upsert(collection, [{ id: "a", metadata: { year: 2020 } }]);
      await rejects("index_invalid", collection.buildIndex("yaer", calm));
      await rejects("index_invalid", collection.buildIndex("", calm));
    });

    it("building an index needs write access, and ends with its signal", async () => {
      const collection = await suite.create();
      await suite.upsert(collection, rows(0, 300));
      const reader = await suite.reopen(collection);
      await rejects("usage_invalid", reader.buildIndex("vector", calm));
      await rejects("aborted", collection.buildIndex("vector", AbortSignal.abort()));
    });

    describe("filters on keys with an index", { skip: suite.cannot.includes("key indexes") ? "cannot: key indexes" : false }, () => {
      let collection: Collection;
      before(async () => {
        collection = await suite.create();
        await suite.upsert(collection, filterRows.slice(0, 7));
        await suite.upsert(collection, filterRows.slice(7));
        for (const key of keys) await collection.buildIndex(key, calm);
        assert.deepEqual((await collection.stats()).indexedKeys, keys);
      });

      for (const [text, expected] of [...filterCases, ...containsCases]) {
        it(`${text} finds ${expected || "nothing"}`, async () => {
          assert.equal((await idsOf(collection, parseFilter(text))).join(""), expected);
          assert.equal(await collection.count(parseFilter(text)), expected.length);
        });
      }

      it("generated filters find what the reference finds", async () => {
        const batch = batchOf(filterRows);
        const stored = filterRows.map((row, index) => ({
          id: row.id,
          vector: null,
          facts: batch.facts[index]!,
          ingestedAt: ingestedAtOf(batch, index),
        }));
        await fc.assert(
          fc.asyncProperty(anyFilter, async (filter) => {
            const expected = stored.filter((row) => evaluateFilter(filter, fieldsOf(row))).map((row) => String(row.id));
            assert.deepEqual(await idsOf(collection, filter), expected, printFilter(filter));
          }),
          { numRuns: suite.filterRuns },
        );
      });
    });
  });
}
