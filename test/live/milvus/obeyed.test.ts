/** Each setting of the `milvus` section does what it says, as the real server sees it. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { memoryDecoder, memoryEmbedder } from "../../../src/adapters/memory/index.js";
import type { MilvusStore } from "../../../src/adapters/milvus/index.js";
import { declaredCollection } from "../../../src/adapters/milvus/options.js";
import { ImageEmbeddingPipeline, ServiceConfig } from "../../../src/app/index.js";
import type { Collection, RowBatch } from "../../../src/contracts/index.js";
import { workspace } from "../../flow/command.js";
import { connectionOf } from "../../support/milvus-connections.js";
import { calm, keys, LiveMilvus, missing, rowsOf } from "./milvus.js";

type Section = NonNullable<Parameters<LiveMilvus["settings"]>[0]>;

type IndexedAs = "FLAT" | "IVF_FLAT" | "HNSW";

const dimension = 16;

describe("obeyed settings", { skip: missing }, () => {
  const live = new LiveMilvus("obeyed_");

  const sent: readonly (readonly [
    what: string,
    index: IndexedAs,
    section: Section,
    topK: number,
    consistency: string,
    parameters: object,
  ])[] = [
    ["consistency_level Strong", "FLAT", { consistencyLevel: "Strong" }, 3, "Strong", {}],
    ["consistency_level Bounded", "FLAT", { consistencyLevel: "Bounded" }, 3, "Bounded", {}],
    ["consistency_level Eventually", "FLAT", { consistencyLevel: "Eventually" }, 3, "Eventually", {}],
    ["consistency_level Session, which is waited for before", "FLAT", { consistencyLevel: "Session" }, 3, "Bounded", {}],
    ["nprobe", "IVF_FLAT", { nlist: 32, nprobe: 7 }, 3, "Bounded", { nprobe: 7 }],
    ["nprobe, at most nlist", "IVF_FLAT", { nlist: 32, nprobe: 40 }, 3, "Bounded", { nprobe: 32 }],
    ["ef", "HNSW", { ef: 99 }, 3, "Bounded", { ef: 99 }],
    ["ef, at least topK", "HNSW", { ef: 10 }, 40, "Bounded", { ef: 40 }],
  ];
  before(async () => {
    for (const index of ["FLAT", "IVF_FLAT", "HNSW"] as const) {
      const store = await live.store({ indexType: index, nlist: 32 }, { index: "before" });
      await filled(store, `obeyed_${index.toLowerCase()}`);
    }
  });
  for (const [what, index, section, topK, consistency, parameters] of sent) {
    it(`a search is sent with ${what}`, async () => {
      const store = await live.store({ indexType: index, ...section });
      const collection = await store.openCollection(`obeyed_${index.toLowerCase()}`, "read");
      assert.deepEqual(await sentBy(store, collection, topK), { consistency, parameters });
    });
  }

  it("search_params of a declared collection go before the section's", async () => {
    const name = "obeyed_declared";
    const declared = declaredCollection.parse({
      name,
      index: { indexType: "IVF_FLAT", params: { nlist: 16 } },
      searchParams: { nprobe: 3 },
    });
    const store = await live.store({ nprobe: 9 }, { index: "before" }, { collections: [declared] });
    assert.deepEqual(await sentBy(store, await filled(store, name), 3), { consistency: "Bounded", parameters: { nprobe: 3 } });
  });

  it("Strong finds what another connection wrote a moment ago, every time", async () => {
    const writer = await (await live.store()).create("obeyed_strong", { dimension, metric: "l2", passport: null });
    const reader = await (await live.store({ consistencyLevel: "Strong" })).openCollection("obeyed_strong", "read");
    for (let round = 0; round < 10; round += 1) {
      const batch = rowsOf(keys(1 + round, 100 * round), { dimension });
      assert.deepEqual(await writer.upsert(batch, calm), []);
      const [hits] = await reader.search([batch.vectors.slice(0, dimension)], { topK: 1 });
      assert.deepEqual([hits?.[0]?.id, hits?.[0]?.score], [batch.ids[0], 0], `round ${round}`);
    }
  });

  it("vector_field names the column of a new collection; one that is there keeps its own", async () => {
    const store = await live.store({ vectorField: "embedding" });
    const collection = await filled(store, "obeyed_field");
    const { schema } = await connectionOf(store).client.describeCollection({ collection_name: "obeyed_field" });
    assert.deepEqual(
      schema.fields.filter(({ data_type }) => data_type === "FloatVector").map(({ name }) => name),
      ["embedding"],
    );
    const other = await (await live.store({ vectorField: "other" })).openCollection("obeyed_field", "write");
    assert.deepEqual(await other.upsert(rowsOf(keys(5, 500), { dimension }), calm), []);
    for (const each of [collection, other]) {
      const [row] = await each.get(keys(1, 500), { vectors: "include" });
      const [hits] = await each.search([row!.vector!], { topK: 1 });
      assert.equal(hits?.[0]?.id, row!.id);
    }
  });

  it("database is where collections are made, written, listed and dropped; others do not see them", async () => {
    const { client } = connectionOf(await live.store());
    const { db_names } = await client.listDatabases();
    if (!db_names.includes("obeyed_database")) await client.createDatabase({ db_name: "obeyed_database" });
    for (const upsertPath of ["encoded", "sdk"] as const) {
      const store = await live.store({ database: "obeyed_database" }, {}, { upsertPath });
      const name = `obeyed_inside_${upsertPath}`;
      await filled(store, name);
      assert.deepEqual(
        (await store.list()).map((each) => each.name),
        [name],
      );
      assert.ok(!(await (await live.store()).list()).some((each) => each.name === name), "the default database has it too");
      await store.drop(name);
    }
    await client.dropDatabase({ db_name: "obeyed_database" });
  });

  for (const metric of ["IP", "L2"] as const) {
    it(`metric_type ${metric} and index_type are those of a new collection`, async () => {
      await using pipeline = await opened({
        metricType: metric,
        indexType: "HNSW",
        collectionName: `obeyed_metric_${metric.toLowerCase()}`,
      });
      await pipeline.createCollection(pipeline.defaultCollection);
      await pipeline.insertImagesAsync({ inputs: [Uint8Array.of(1, 2, 3)] });
      const stats = await pipeline.collectionStats(pipeline.defaultCollection);
      assert.deepEqual([stats.metric, stats.index, stats.count], [metric.toLowerCase(), "HNSW", 1]);
    });
  }

  it("collection_name is what calls and commands mean that name no collection", async () => {
    await using pipeline = await opened({ collectionName: "obeyed_default" });
    const inputs = [1, 2, 3].map((byte) => ({ input: Uint8Array.of(byte, 9), id: `image ${byte}` }));
    await pipeline.insertImages({ inputs: inputs.slice(0, 1) });
    await pipeline.insertImagesAsync({ inputs });
    assert.equal(await pipeline.count("obeyed_default"), 3);
    const [first] = await pipeline.searchImages(Uint8Array.of(2, 9), { topK: 1 });
    assert.equal(first?.id, "image 2");
    await pipeline.close();

    await using space = await workspace();
    const [host, port] = live.server.address.split(":");
    await writeFile(join(space.folder, "headrace.yaml"), `milvus: { host: "${host}", port: ${port}, collection_name: obeyed_default }\n`);
    await writeFile(join(space.folder, "photo.png"), "not read");
    const preview = await space.json(0, "ingest", "photo.png", "--dry-run");
    assert.deepEqual(preview, {
      dryRun: true,
      collection: "obeyed_default",
      listed: 1,
      known: 0,
      fresh: 1,
      skipped: 0,
      failed: 0,
      leftOut: {},
      leftOutColumns: [],
    });
    const counted = await space.json(0, "delete", "image 1", "image 3", "image 5", "--dry-run");
    assert.deepEqual(counted, { deleted: 0, wouldDelete: 2, unknown: ["image 5"] });
  });

  function opened(section: Section): Promise<ImageEmbeddingPipeline> {
    const own = { embedder: memoryEmbedder({ dimension }), decoder: memoryDecoder() };
    return ImageEmbeddingPipeline.open(new ServiceConfig({ milvus: live.settings(section), insert: { index: "before" } }), { own });
  }
});

function manyRows(): RowBatch {
  return rowsOf(keys(300), { dimension });
}

async function filled(store: MilvusStore, name: string): Promise<Collection> {
  const collection = await store.create(name, { dimension, metric: "l2", passport: null });
  assert.deepEqual(await collection.upsert(manyRows(), calm), []);
  // The count sees every write, so that searches which do not wait find them from now on.
  assert.equal(await collection.count(), 300);
  return collection;
}

/** What the server is asked when the collection is searched; it must answer, too. */
async function sentBy(store: MilvusStore, collection: Collection, topK: number): Promise<{ consistency: unknown; parameters: unknown }> {
  const { client } = connectionOf(store);
  const requests: Record<string, unknown>[] = [];
  const search = client.search.bind(client);
  client.search = ((request: Record<string, unknown>) => {
    requests.push(request);
    return search(request as never);
  }) as never;
  const [hits] = await collection.search([manyRows().vectors.slice(0, dimension)], { topK });
  assert.equal(hits?.length, topK);
  assert.equal(requests.length, 1);
  return { consistency: requests[0]!["consistency_level"], parameters: requests[0]!["params"] };
}
