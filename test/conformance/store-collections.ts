/** What a store promises of its collections, and of misuse. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Passport } from "../../src/contracts/index.js";
import { parseFilter } from "../../src/filter/index.js";
import { batchOf, calm, dimension, idsOf, unitVector } from "./store-rows-data.js";
import { rejects, type StoreSuite } from "./store-suite.js";

const passport: Passport = {
  probes: [
    [0.25, -0.5],
    [1, 0],
    [0.1, 0.2],
  ],
  labels: { model: 'a "model" \\ of \u{1F600}', preprocessing: "p" },
};

/** Registers the tests of collections and misuse. */
export function collectionTests(suite: StoreSuite): void {
  describe("collections", () => {
    it("a created collection is listed with its schema, opened, and gone when dropped", async () => {
      const collection = await suite.create({ metric: "ip" });
      await suite.upsert(collection, [{ id: "a" }, { id: "b" }]);
      await collection.upkeep("owed", calm);
      const listed = (await suite.store.list()).find((stats) => stats.name === collection.name);
      assert.deepEqual(
        { ...listed, index: "" },
        {
          name: collection.name,
          count: 2,
          dimension,
          metric: "ip",
          idType: "text",
          index: "",
          indexedKeys: [],
          indexableKeys: [],
          passport: null,
        },
      );
      const again = await suite.reopen(collection);
      assert.deepEqual([again.name, again.dimension, again.metric, again.idType], [collection.name, dimension, "ip", "text"]);
      await collection.close();
      await again.close();
      await suite.store.drop(collection.name);
      assert.equal(
        (await suite.store.list()).some((stats) => stats.name === collection.name),
        false,
      );
      await rejects("collection_not_found", suite.store.openCollection(collection.name, "read"));
    });

    it("creating twice, opening or dropping what is not there, and bad names are told apart", async () => {
      const collection = await suite.create();
      await rejects("collection_exists", suite.store.create(collection.name, { dimension, metric: "cosine", passport: null }));
      await rejects("collection_not_found", suite.store.openCollection("conformance_absent", "write"));
      await rejects("collection_not_found", suite.store.openCollection("conformance_absent", "read"));
      await rejects("collection_not_found", suite.store.drop("conformance_absent"));
      for (const bad of ["", "a b", "../up", "1st", "ä", "a".repeat(65), 'x"; drop', "a/b", "a.b", "-a"]) {
        await rejects("name_invalid", suite.store.create(bad, { dimension, metric: "cosine", passport: null }));
        await rejects("name_invalid", suite.store.openCollection(bad, "read"));
        await rejects("name_invalid", suite.store.drop(bad));
      }
    });

    it("a dimension that is no dimension is refused, and leaves nothing behind", async () => {
      for (const bad of [0, -1, 1.5, Number.NaN, 32_769]) {
        await rejects("input_invalid", suite.store.create("conformance_bad", { dimension: bad, metric: "cosine", passport: null }));
      }
      await rejects("collection_not_found", suite.store.openCollection("conformance_bad", "read"));
    });

    it("an empty collection answers everything with nothing", async () => {
      const collection = await suite.create();
      assert.equal(await collection.isEmpty(calm), true);
      assert.equal(await collection.count(), 0);
      assert.equal(await collection.count(parseFilter("exists(id) and not year == 1")), 0);
      assert.equal((await collection.known(["a"], calm)).size, 0);
      assert.equal((await collection.byContent(["a"], calm)).size, 0);
      assert.deepEqual(await collection.get(["a"], { vectors: "include" }), []);
      assert.deepEqual(await collection.search([unitVector(1), unitVector(2)], { topK: 3 }), [[], []]);
      assert.deepEqual(await idsOf(collection), []);
      assert.equal(await collection.delete({ ids: ["a"] }, calm), 0);
      assert.equal(await collection.delete({ filter: parseFilter("width > 0") }, calm), 0);
      await collection.upkeep("owed", calm);
      assert.equal((await collection.stats()).count, 0);
    });

    it("the passport is kept with the collection, and survives rows, new metadata keys and upkeep", async () => {
      const first = await suite.create({ passport });
      assert.deepEqual(first.passport, passport);
      const collection = await suite.create();
      assert.equal(collection.passport, null);
      await collection.setPassport(passport);
      assert.deepEqual(collection.passport, passport);
      await suite.upsert(collection, [{ id: "a", metadata: { year: 1 } }]);
      await suite.upsert(collection, [{ id: "b", metadata: { camera: "x" } }]);
      await collection.upkeep("owed", calm);
      assert.deepEqual((await suite.reopen(collection)).passport, passport);
      assert.deepEqual((await collection.stats()).passport, passport);
    });

    it("a collection opened for reading refuses every write", async () => {
      const collection = await suite.create();
      await suite.upsert(collection, [{ id: "a" }]);
      const reader = await suite.reopen(collection);
      await rejects("usage_invalid", reader.upsert(batchOf([{ id: "b" }]), calm));
      await rejects("usage_invalid", reader.delete({ ids: ["a"] }, calm));
      await rejects("usage_invalid", reader.setPassport(passport));
      await rejects("usage_invalid", reader.settle(calm));
      await rejects("usage_invalid", reader.upkeep("owed", calm));
      assert.deepEqual(await idsOf(reader), ["a"]);
    });

    it("the store answers a check", async () => {
      await suite.store.check(calm);
      assert.ok(suite.store.maxWriters >= 1);
    });
  });

  describe("misuse", () => {
    it("vectors of another dimension end the run; columns of unequal length are refused", async () => {
      const collection = await suite.create();
      await rejects("dimension_mismatch", collection.upsert(batchOf([{ id: "a", vector: [1, 2, 3] }]), calm));
      await rejects("input_invalid", collection.upsert({ ...batchOf([{ id: "a" }]), vectors: new Float32Array(3) }, calm));
      await rejects("input_invalid", collection.upsert({ ...batchOf([{ id: "a" }]), facts: [] }, calm));
      assert.equal(await collection.count(), 0);
    });

    it("a vector of NaN, infinity or, for the cosine, zeros fails its row alone", async () => {
      const collection = await suite.create();
      const batch = batchOf([
        { id: "a", vector: [Number.NaN, 0, 0, 1] },
        { id: "b", vector: [0, 0, 0, 0] },
        { id: "c", vector: [1, 0, 0, Number.NEGATIVE_INFINITY] },
        { id: "d" },
      ]);
      const failures = await collection.upsert(batch, calm);
      assert.deepEqual(
        failures.map(({ index, error }) => [index, error.code]),
        [0, 1, 2].map((index) => [index, "vector_invalid"]),
      );
      assert.deepEqual(await idsOf(collection), ["d"]);
    });

    it("a filter that the language does not have is filter_invalid", async () => {
      const collection = await suite.create();
      await suite.upsert(collection, [{ id: "a" }]);
      for (const key of ["", "vector", "A", 'id" or "1', "id or 1=1", "x'"]) {
        await rejects("filter_invalid", collection.count({ kind: "exists", key }));
        await rejects("filter_invalid", collection.search([unitVector(1)], { topK: 1, filter: { kind: "exists", key } }));
        await rejects("filter_invalid", collection.delete({ filter: { kind: "exists", key } }, calm));
        await rejects("filter_invalid", idsOf(collection, { kind: "exists", key }));
      }
      assert.equal(await collection.count(), 1);
    });

    it("a signal that has fired stops every call that takes one, and nothing is written", async () => {
      const collection = await suite.create();
      const fired = AbortSignal.abort();
      await rejects("aborted", collection.upsert(batchOf([{ id: "a" }]), fired));
      await rejects("aborted", collection.known(["a"], fired));
      await rejects("aborted", collection.byContent(["a"], fired));
      await rejects("aborted", collection.search([unitVector(1)], { topK: 1, signal: fired }));
      await rejects("aborted", collection.get(["a"], { vectors: "omit", signal: fired }));
      await rejects("aborted", collection.delete({ ids: ["a"] }, fired));
      await rejects("aborted", collection.isEmpty(fired));
      await rejects("aborted", collection.settle(fired));
      await rejects("aborted", collection.upkeep("owed", fired));
      await rejects("aborted", suite.store.check(fired));
      await rejects(
        "aborted",
        (async () => {
          for await (const _ of collection.scan({ vectors: "omit", signal: fired }));
        })(),
      );
      assert.equal(await collection.count(), 0);
    });
  });

  describe("two handles", () => {
    suite.needs("read after write", "what one handle wrote, another sees at once", async () => {
      const writer = await suite.create();
      const reader = await suite.reopen(writer);
      await suite.upsert(writer, [{ id: "a", metadata: { year: 1 } }]);
      assert.deepEqual(await idsOf(reader, parseFilter("year == 1")), ["a"]);
      assert.equal((await reader.search([unitVector(1)], { topK: 1 }))[0]?.[0]?.id, "a");
      await suite.upsert(writer, [{ id: "b", metadata: { later: "x" } }]);
      assert.deepEqual(await idsOf(reader, parseFilter('later == "x"')), ["b"]);
      assert.equal((await reader.known(["a", "b"], calm)).size, 2);
      await writer.delete({ ids: ["a"] }, calm);
      assert.equal(await reader.count(), 1);
    });

    it("a collection that was dropped is not found by those who hold it", async () => {
      const collection = await suite.create();
      await suite.upsert(collection, [{ id: "a" }]);
      const reader = await suite.reopen(collection);
      await collection.close();
      await suite.store.drop(collection.name);
      await rejects("collection_not_found", reader.count());
      await rejects("collection_not_found", reader.known(["a"], calm));
    });
  });
}
