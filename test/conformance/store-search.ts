/** What a store promises of scores and filters. */
import assert from "node:assert/strict";
import { before, describe, it, type TestContext } from "node:test";
import fc from "fast-check";
import { type Collection, HeadraceError } from "../../src/contracts/index.js";
import { evaluateFilter, fieldsOf, parseFilter } from "../../src/filter/index.js";
import { ingestedAtOf } from "../../src/kit/index.js";
import { searchGroups } from "../../src/operations/search/groups.js";
import { printFilter } from "../support/filter-text.js";
import { anyFilter, containsCases, filterCases, filterRows, filterWithoutContains } from "./store-filters.js";
import { batchOf, calm, dimension, idsOf, unitVector } from "./store-rows-data.js";
import { rejects, type StoreSuite } from "./store-suite.js";

/** Registers the tests of scores and filters. */
export function searchTests(suite: StoreSuite): void {
  describe("search", () => {
    const vectors = [
      [1, 0, 0, 0],
      [0.6, 0.8, 0, 0],
      [0, 2, 0, 0],
      [-1, 0, 0, 0],
      [3, 0, 4, 0],
    ];
    const query = Float32Array.of(2, 0, 0, 0);
    const expected = {
      cosine: [
        ["a", 1],
        ["b", 0.6],
        ["e", 0.6],
        ["c", 0],
        ["d", -1],
      ],
      ip: [
        ["e", 6],
        ["a", 2],
        ["b", 1.2],
        ["c", 0],
        ["d", -2],
      ],
      l2: [
        ["a", -1],
        ["b", -(1.4 ** 2 + 0.8 ** 2)],
        ["c", -8],
        ["d", -9],
        ["e", -17],
      ],
    } as const;
    const nearEnough = {
      cosine: [
        [0.5, "abe"],
        [-0.5, "abce"],
        [1.5, ""],
      ],
      ip: [
        [2, "ae"],
        [0.5, "abe"],
        [Number.NEGATIVE_INFINITY, "abcde"],
      ],
      l2: [
        [-8, "abc"],
        [-8.5, "abc"],
        [0, ""],
      ],
    } as const;
    for (const metric of ["cosine", "ip", "l2"] as const) {
      describe(metric, () => {
        let collection: Collection;
        before(async () => {
          collection = await suite.create({ metric });
          await suite.upsert(
            collection,
            vectors.map((vector, index) => ({ id: "abcde"[index]!, vector, metadata: { index } })),
          );
        });

        it("a higher score is nearer, and the score is exact", async () => {
          const [hits] = await collection.search([query], { topK: 10 });
          assertScores(hits!, expected[metric]);
          const [first] = hits!;
          assert.equal(first?.facts.source, `file:///photos/${first?.id}.jpg`);
          assert.deepEqual(first?.facts.metadata, { index: "abcde".indexOf(String(first?.id)) });
          const [two] = await collection.search([query], { topK: 2, filter: parseFilter("index == 2 or index == 3") });
          assertScores(
            two!,
            expected[metric].filter(([id]) => id === "c" || id === "d"),
          );
        });

        for (const [minScore, ids] of nearEnough[metric]) {
          it(`minScore ${minScore} leaves ${ids === "" ? "nothing" : ids}, whatever topK and filter`, async () => {
            const wanted = expected[metric].filter(([id]) => ids.includes(id));
            const opposite = Float32Array.of(-2, 0, 0, 0);
            const [all, others] = await collection.search([query, opposite], { topK: 10, minScore });
            assertScores(all!, wanted);
            const [unbounded] = await collection.search([opposite], { topK: 10 });
            assertScores(
              others!,
              unbounded!.filter(({ score }) => score >= minScore).map(({ id, score }) => [String(id), score]),
            );
            const [best] = await collection.search([query], { topK: 1, minScore });
            assertScores(best!, wanted.slice(0, 1));
            const [late] = await collection.search([query], { topK: 10, minScore, filter: parseFilter("index >= 2") });
            assertScores(
              late!,
              wanted.filter(([id]) => id >= "c"),
            );
          });
        }
      });
    }

    it("each query has its own answer, cut to topK", async () => {
      const collection = await suite.create();
      const rows = Array.from({ length: 40 }, (_, index) => ({ id: `r${index}`, vector: [...unitVector(index)] }));
      await suite.upsert(collection, rows);
      const answers = await collection.search(
        rows.slice(0, 5).map((row) => Float32Array.from(row.vector)),
        { topK: 7 },
      );
      assert.equal(answers.length, 5);
      for (const [index, hits] of answers.entries()) {
        assert.equal(hits.length, 7);
        assert.equal(hits[0]?.id, `r${index}`);
        for (let at = 1; at < hits.length; at += 1) assert.ok(hits[at - 1]!.score >= hits[at]!.score);
      }
      assert.deepEqual(await collection.search([], { topK: 1 }), []);
    });

    it("by groups, the hits are the nearest of each group, although the first group alone has more rows than a search has hits", async () => {
      const collection = await suite.create();
      const kinds = (index: number) => (index < 150 ? "many" : index % 7 === 0 ? null : `kind ${index % 9}`);
      const rows = Array.from({ length: 200 }, (_, index) => ({
        id: `r${index}`,
        vector: [1, index / 100, 0, 0],
        metadata: { kind: kinds(index), even: index % 2 === 0, size: index % 5 },
      }));
      await suite.upsert(collection, rows);
      const near = Float32Array.of(1, 0, 0, 0);
      const grouped = async (groupBy: string, topK: number, filter: string | null = null) => {
        const request = { groupBy, topK, filter: filter === null ? null : parseFilter(filter), signal: calm };
        return (await searchGroups(collection, near, request)).map(({ id }) => Number(String(id).slice(1)));
      };
      const firstOf = (key: "kind" | "even" | "size", from = 0): readonly number[] => {
        const values = rows.map(({ metadata }) => metadata[key]);
        return values.flatMap((value, index) => (index >= from && value !== null && values.indexOf(value, from) === index ? [index] : []));
      };
      for (const topK of [1, 3, 10, 100]) assert.deepEqual(await grouped("kind", topK), firstOf("kind").slice(0, topK));
      assert.deepEqual(await grouped("even", 10), firstOf("even"));
      assert.deepEqual(await grouped("size", 4, "size != 0"), firstOf("size").slice(1));
      assert.deepEqual(await grouped("nothing", 10), []);
      for (const groupBy of ["id", "Not a key"]) await assert.rejects(grouped(groupBy, 10), HeadraceError);
      await rejects("query_invalid", searchGroups(collection, near, { groupBy: "kind", topK: 101, filter: null, signal: calm }));
    });

    it("queries without an answer are query_invalid", async () => {
      const collection = await suite.create();
      await suite.upsert(collection, [{ id: "a" }]);
      for (const topK of [0, -1, 1.5, 1001, Number.NaN]) await rejects("query_invalid", collection.search([unitVector(1)], { topK }));
      for (const bad of [
        Float32Array.of(1, 2),
        Float32Array.of(0, 0, 0, 0),
        Float32Array.of(1, Number.NaN, 0, 0),
        Float32Array.of(1, 0, 0, Number.POSITIVE_INFINITY),
      ]) {
        await rejects("query_invalid", collection.search([bad], { topK: 1 }));
      }
      await rejects("query_invalid", collection.search([unitVector(1)], { topK: 1, minScore: Number.NaN }));
      const { length } = (await collection.search([unitVector(1)], { topK: 1000 }))[0]!;
      assert.equal(length, 1);
      const euclidean = await suite.create({ metric: "l2" });
      assert.deepEqual(await euclidean.search([new Float32Array(dimension)], { topK: 1 }), [[]]);
    });
  });

  describe("filters", () => {
    let collection: Collection;
    before(async () => {
      collection = await suite.create();
      await suite.upsert(collection, filterRows);
    });

    for (const [text, expected] of filterCases) {
      const body = async (_: TestContext) => assert.deepEqual((await idsOf(collection, parseFilter(text))).join(""), expected);
      const orders = /(note|camera|version|id) [<>]/.test(text);
      it(
        `${text} finds ${expected || "nothing"}`,
        { skip: orders && suite.cannot.includes("text order") ? "cannot: text order" : false },
        body,
      );
    }

    for (const [text, expected] of containsCases) {
      suite.needs("contains", `${text} finds ${expected || "nothing"}`, async () => {
        assert.deepEqual((await idsOf(collection, parseFilter(text))).join(""), expected);
      });
    }

    it("count, scan, search and delete mean the same by a filter", async () => {
      const filter = parseFilter("year >= 2020 and not exists(note)");
      assert.deepEqual(await idsOf(collection, filter), ["b", "c"]);
      assert.equal(await collection.count(filter), 2);
      const [hits] = await collection.search([unitVector(1)], { topK: 10, filter });
      assert.deepEqual(hits!.map((hit) => hit.id).sort(), ["b", "c"]);
      const other = await suite.create();
      await suite.upsert(other, filterRows);
      assert.equal(await other.delete({ filter }, calm), 2);
      assert.deepEqual(await idsOf(other), [..."adefghij"]);
    });

    it("generated filters find what the reference finds", async () => {
      const rows = batchOf(filterRows);
      const stored = filterRows.map((row, index) => ({
        id: row.id,
        vector: null,
        facts: rows.facts[index]!,
        ingestedAt: ingestedAtOf(rows, index),
      }));
      await fc.assert(
        fc.asyncProperty(suite.cannot.includes("contains") ? filterWithoutContains : anyFilter, async (filter) => {
          const expected = stored.filter((row) => evaluateFilter(filter, fieldsOf(row))).map((row) => String(row.id));
          assert.deepEqual(await idsOf(collection, filter), expected, printFilter(filter));
        }),
        { numRuns: suite.filterRuns },
      );
    });
  });
}

function assertScores(
  hits: readonly { readonly id: unknown; readonly score: number }[],
  expected: readonly (readonly [string, number])[],
): void {
  const order = (rows: readonly (readonly [unknown, number])[]) =>
    [...rows]
      .map(([id, score]) => [id, Math.round(score * 1e4) / 1e4] as const)
      .sort((a, b) => b[1] - a[1] || (String(a[0]) < String(b[0]) ? -1 : 1));
  for (let at = 1; at < hits.length; at += 1) assert.ok(hits[at - 1]!.score >= hits[at]!.score, "best first");
  assert.deepEqual(order(hits.map((hit) => [hit.id, hit.score + 0])), order(expected.map(([id, score]) => [id, score])));
}
