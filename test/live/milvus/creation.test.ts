/** Settings of new collections, as the real server sees them; one that it refuses leaves no collection behind. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { MilvusStore } from "../../../src/adapters/milvus/index.js";
import { declaredCollection } from "../../../src/adapters/milvus/options.js";
import { HeadraceError } from "../../../src/contracts/index.js";
import { connectionOf } from "../../support/milvus-connections.js";
import { calm, keys, LiveMilvus, missing, rowsOf } from "./milvus.js";

type Section = NonNullable<Parameters<LiveMilvus["settings"]>[0]>;

const dimension = 32;
const schema = { dimension, metric: "cosine", passport: null } as const;

describe("settings of new collections", { skip: missing }, () => {
  const live = new LiveMilvus("creation_");

  it("num_shards and ttl_seconds are those of the collection; an entry in collections overrides them", async () => {
    const declared = declaredCollection.parse({ name: "creation_declared", numShards: 3 });
    const store = await live.store({ numShards: 2, ttlSeconds: 86_400 }, {}, { collections: [declared] });
    for (const [name, shards] of [
      ["creation_sharded", 2],
      ["creation_declared", 3],
    ] as const) {
      const collection = await store.create(name, schema);
      const { shards_num, properties } = await connectionOf(store).client.describeCollection({ collection_name: name });
      assert.equal(shards_num, shards);
      assert.equal(properties.find(({ key }) => key === "collection.ttl.seconds")?.value, "86400");
      assert.deepEqual(await collection.upsert(rowsOf(keys(50), { dimension }), calm), []);
      assert.equal(await collection.count(), 50);
    }
  });

  it("partition_key spreads rows by a metadata key; a row that gets another value moves, and one without a value fails alone", async (context) => {
    const store = await live.store({ partitionKey: "tenant" });
    if (await isOld(store)) return context.skip("refused by a server that is too old");
    const collection = await store.create("creation_partitioned", schema);
    const { client } = connectionOf(store);
    const described = await client.describeCollection({ collection_name: "creation_partitioned" });
    assert.deepEqual(
      described.schema.fields.filter(({ is_partition_key }) => is_partition_key).map(({ name, data_type }) => [name, data_type]),
      [["tenant", "VarChar"]],
    );
    const tenants = (shift: number) => ({ dimension, metadata: (index: number) => ({ tenant: `t${(index + shift) % 7}` }) });
    assert.deepEqual(await collection.upsert(rowsOf(keys(70), tenants(0)), calm), []);
    assert.deepEqual(await collection.upsert(rowsOf(keys(70), tenants(1)), calm), []);
    const of = (value: string) => ({ kind: "compare", key: "tenant", operator: "==", value }) as const;
    assert.deepEqual([await collection.count(), await collection.count(of("t3"))], [70, 10]);
    const query = rowsOf(keys(70), { dimension }).vectors.slice(0, dimension);
    const [hits] = await collection.search([query], { topK: 10, filter: of("t1") });
    assert.deepEqual(hits?.[0]?.id, keys(1)[0]);
    assert.ok(hits!.every(({ facts }) => facts.metadata["tenant"] === "t1"));
    assert.equal((await collection.known(keys(70), calm)).size, 70);
    const [failure] = await collection.upsert(rowsOf(keys(1, 500), { dimension }), calm);
    assert.deepEqual([failure?.error.code, failure?.error.scope], ["metadata_type", "item"]);
  });

  it("uri is the address of the server", async () => {
    const { address } = live.server;
    const store = await live.store({ host: "localhost", port: 19_530, uri: `http://${address}/default` });
    await store.check(calm);
    const wrong = live.store({ host: "localhost", port: 19_530, uri: "http://127.0.0.1:1", timeout: 5 });
    await assert.rejects(
      wrong,
      (error) => HeadraceError.is(error) && error.code === "store_unavailable" && /^.*milvus\.uri: /.test(error.message),
    );
  });

  for (const [type, section] of [
    ["SCANN", { nlist: 16, nprobe: 16, reorderK: 100 }],
    ["DISKANN", { searchList: 150 }],
  ] as const) {
    it(`${type} is built and finds the row itself; refused or never built, it leaves rows that are found`, async (context) => {
      const name = `creation_${type.toLowerCase()}`;
      const store = await live.store({ indexType: type, maxStall: 15, ...section });
      const collection = await store.create(name, schema);
      const batch = rowsOf(keys(3000), { dimension });
      assert.deepEqual(await collection.upsert(batch, calm), []);
      const [built] = await Promise.allSettled([collection.upkeep("owed", calm)]);
      // A server without a disk for indexes takes DISKANN and never builds it.
      const reason = built.status === "rejected" ? HeadraceError.from(built.reason) : null;
      assert.ok(reason === null || type === "DISKANN", String(reason));
      assert.ok(reason === null || reason.code === "timed_out" || isAbout(reason, "milvus.index_type"), String(reason));
      context.diagnostic(`${type}: ${reason?.message ?? "built"}`);
      const [hits] = await collection.search([batch.vectors.slice(dimension * 7, dimension * 8)], { topK: 3 });
      assert.equal(hits?.[0]?.id, keys(3000)[7]);
    });
  }

  const refused: readonly (readonly [setting: string, section: Section])[] = [
    ["milvus.num_shards", { numShards: 500 }],
    ["milvus.replica_number", { replicaNumber: 7 }],
    ["milvus.partition_key", { partitionKey: "source" }],
  ];
  for (const [setting, section] of refused) {
    it(`${setting} that the server cannot give is refused by name, and leaves no collection behind`, async () => {
      const store = await live.store(section);
      await assert.rejects(store.create("creation_refused", schema), (error) => isAbout(error, setting));
      await assert.rejects(
        store.openCollection("creation_refused", "read"),
        (error) => HeadraceError.is(error) && error.code === "collection_not_found",
      );
    });
  }

  it("vector_type, mmap and partition_key are refused by a server that is too old; a newer one stores rounded vectors", async () => {
    const store = await live.store({ vectorType: "FLOAT16_VECTOR", mmap: true });
    if (await isOld(store)) {
      const old = [
        ["milvus.vector_type", store],
        ["milvus.mmap", await live.store({ mmap: false })],
        ["milvus.partition_key", await live.store({ partitionKey: "tenant" })],
      ] as const;
      for (const [setting, each] of old) {
        await assert.rejects(each.create("creation_halves", schema), (error) => isAbout(error, setting));
      }
      return assert.equal((await connectionOf(store).client.hasCollection({ collection_name: "creation_halves" })).value, false);
    }
    const collection = await store.create("creation_halves", schema);
    const batch = rowsOf(keys(100), { dimension });
    assert.deepEqual(await collection.upsert(batch, calm), []);
    const [hits] = await collection.search([batch.vectors.slice(0, dimension)], { topK: 1 });
    assert.equal(hits?.[0]?.id, keys(1)[0]);
    const [row] = await collection.get(keys(1), { vectors: "include" });
    assert.ok(row!.vector!.every((value, at) => Math.abs(value - batch.vectors[at]!) < 1e-3));
  });
});

async function isOld(store: MilvusStore): Promise<boolean> {
  const { version } = await connectionOf(store).client.getVersion();
  const [, minor = "0"] = /2\.(\d+)/.exec(version) ?? [];
  return Number(minor) < 4;
}

function isAbout(error: unknown, setting: string): boolean {
  return HeadraceError.is(error) && error.code === "config_invalid" && error.message.includes(setting);
}
