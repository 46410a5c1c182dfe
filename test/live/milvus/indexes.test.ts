/** Index types with their parameters, the index that is built once at the end, aliases, loading. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { declaredCollection } from "../../../src/adapters/milvus/options.js";
import { HeadraceError } from "../../../src/contracts/index.js";
import { connectionOf } from "../../support/milvus-connections.js";
import { calm, keys, LiveMilvus, missing, rowsOf } from "./milvus.js";

describe("indexes, aliases and loading", { skip: missing }, () => {
  const live = new LiveMilvus("indexes_");

  const types = [
    ["IVF_FLAT", { nlist: 16, nprobe: 16 }, { nlist: 16 }],
    ["IVF_SQ8", { nlist: 16, nprobe: 16 }, { nlist: 16 }],
    ["IVF_PQ", { nlist: 16, nprobe: 16, m: 4, nbits: 8 }, { nlist: 16, m: 4, nbits: 8 }],
    ["HNSW", { M: 8, efConstruction: 64, ef: 128 }, { M: 8, efConstruction: 64 }],
    ["AUTOINDEX", {}, {}],
  ] as const;
  it("each index type is built with the parameters of the configuration, and finds the row itself", async () => {
    await Promise.all(
      types.map(async ([type, section, sent]) => {
        const name = `indexes_${type.toLowerCase()}`;
        const store = await live.store({ indexType: type, metricType: "COSINE", ...section }, { index: "before" });
        const collection = await store.create(name, { dimension: 32, metric: "cosine", passport: null });
        const { client } = connectionOf(store);
        const { index_descriptions } = await client.describeIndex({ collection_name: name, field_name: "vector" });
        const params = Object.fromEntries((index_descriptions[0]?.params ?? []).map(({ key, value }) => [key, value]));
        assert.equal(params["index_type"], type);
        if (type !== "AUTOINDEX") assert.deepEqual(JSON.parse(String(params["params"])), sent);
        const batch = rowsOf(keys(300), { dimension: 32 });
        assert.deepEqual(await collection.upsert(batch, calm), []);
        const [hits] = await collection.search([batch.vectors.slice(32 * 7, 32 * 8)], { topK: 3 });
        assert.equal(hits?.[0]?.id, keys(300)[7]);
        assert.ok(Math.abs(hits![0]!.score - 1) < 1e-4, `${hits?.[0]?.score}`);
        assert.equal((await collection.stats()).index, type);
      }),
    );
  });

  it("a new collection is searched exactly until its first run ends, then the index is built, once", async () => {
    const store = await live.store({ indexType: "HNSW" });
    const collection = await store.create("indexes_pending", { dimension: 32, metric: "cosine", passport: null });
    const ids = keys(2000);
    const batch = rowsOf(ids, { dimension: 32 });
    await collection.upsert(batch, calm);
    assert.equal((await collection.stats()).index, "none");
    const { client } = connectionOf(store);
    const content = { collection_name: "indexes_pending", field_name: "content", index_name: "of_somebody", index_type: "Trie" };
    assert.equal((await client.createIndex(content)).error_code, "Success");
    await collection.upkeep("owed", calm);
    assert.equal((await collection.stats()).index, "HNSW");
    assert.equal(await collection.count(), 2000);
    const [hits] = await collection.search([batch.vectors.slice(0, 32)], { topK: 1 });
    assert.equal(hits?.[0]?.id, ids[0]);
    const indexOf = async (field: string) => {
      const { index_descriptions } = await client.describeIndex({ collection_name: "indexes_pending" });
      return index_descriptions.find(({ field_name }) => field_name === field)?.indexID;
    };
    assert.notEqual(await indexOf("content"), undefined, "an index that somebody made on another field stays");
    assert.equal((await collection.byContent([`content of ${ids[3]}`], calm)).size, 1);
    const built = await indexOf("vector");
    const again = await store.openCollection("indexes_pending", "write");
    await again.upsert(rowsOf(keys(10), { dimension: 32 }), calm);
    await again.upkeep("owed", calm);
    assert.equal(await indexOf("vector"), built, "the index of a serving collection stays");
  });

  it("a run that ended before its index was built leaves that to the next one", async () => {
    const store = await live.store({ indexType: "IVF_FLAT", nlist: 8 });
    await store.create("indexes_resumed", { dimension: 8, metric: "l2", passport: null });
    const later = await (await live.store({ indexType: "IVF_FLAT", nlist: 8 })).openCollection("indexes_resumed", "write");
    await later.upsert(rowsOf(keys(50)), calm);
    await later.upkeep("owed", calm);
    assert.equal((await later.stats()).index, "IVF_FLAT");
    assert.equal(await later.count(), 50);
  });

  it("declared collections bring their own index and fields; what cannot hold together is refused by name", async () => {
    const declared = declaredCollection.parse({
      name: "indexes_declared_index",
      description: "photos",
      schema: {
        fields: [
          { name: "id", type: "INT64", primaryKey: true },
          { name: "vector", type: "FLOAT_VECTOR" },
          { name: "metadata", type: "JSON" },
          { name: "year", type: "INT64" },
        ],
      },
      index: { indexType: "IVF_FLAT", metricType: "L2", params: { nlist: 4 } },
      searchParams: { nprobe: 4 },
    });
    const store = await live.store({ m: 3 }, { index: "before" }, { collections: [declared] });
    const collection = await store.create("indexes_declared_index", { dimension: 8, metric: "l2", passport: null });
    await collection.upsert(rowsOf(keys(3), { metadata: (index) => ({ year: 2000 + index, note: "x" }) }), calm);
    assert.equal((await collection.stats()).index, "IVF_FLAT");
    assert.deepEqual((await collection.get(["key-000001"], { vectors: "omit" }))[0]?.facts.metadata, { year: 2001, note: "x" });
    const refused = store.create("indexes_conflict", { dimension: 8, metric: "l2", index: "IVF_PQ", passport: null });
    await assert.rejects(
      refused,
      (error) => HeadraceError.is(error) && error.code === "config_conflict" && /milvus\.m/.test(error.message),
    );
  });

  it("an alias is opened like its collection, and moved in one step", async () => {
    const store = await live.store();
    for (const [name, count] of [
      ["indexes_blue", 3],
      ["indexes_green", 5],
    ] as const) {
      const collection = await store.create(name, { dimension: 8, metric: "l2", passport: null });
      await collection.upsert(rowsOf(keys(count)), calm);
    }
    const { client } = connectionOf(store);
    const alias = "indexes_alias";
    assert.equal((await client.createAlias({ alias, collection_name: "indexes_blue" })).error_code, "Success");
    assert.equal(await (await store.openCollection(alias, "read")).count(), 3);
    assert.equal((await client.alterAlias({ alias, collection_name: "indexes_green" })).error_code, "Success");
    assert.equal(await (await store.openCollection(alias, "read")).count(), 5);
    assert.equal((await client.dropAlias({ alias })).error_code, "Success");
    await assert.rejects(store.openCollection(alias, "read"), (error) => HeadraceError.is(error) && error.code === "collection_not_found");
  });

  it("a released collection is loaded again when it is opened", async () => {
    const store = await live.store();
    const collection = await store.create("indexes_released", { dimension: 8, metric: "l2", passport: null });
    await collection.upsert(rowsOf(keys(4)), calm);
    await connectionOf(store).client.releaseCollection({ collection_name: "indexes_released" });
    await assert.rejects(collection.known(keys(1), calm), (error) => HeadraceError.is(error) && error.code === "store_unavailable");
    assert.equal(await (await store.openCollection("indexes_released", "read")).count(), 4);
  });

  it("a table that is not ours is foreign, and left out of the list", async () => {
    const store = await live.store();
    const { client } = connectionOf(store);
    await client.createCollection({
      collection_name: "indexes_foreign",
      fields: [
        { name: "id", data_type: "Int64", is_primary_key: true },
        { name: "vector", data_type: "FloatVector", dim: 8 },
      ],
    });
    await assert.rejects(
      store.openCollection("indexes_foreign", "read"),
      (error) => HeadraceError.is(error) && error.code === "collection_foreign",
    );
    assert.ok(!(await store.list()).some(({ name }) => name === "indexes_foreign"));
    await client.dropCollection({ collection_name: "indexes_foreign" });
  });
});
