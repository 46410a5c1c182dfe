/** `verify` of collections whose columns do not give values back as they were written: rounded, or with a default that nobody wrote. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { memoryDecoder, memoryEmbedder } from "../../../src/adapters/memory/index.js";
import { describeCollection, fieldsOf } from "../../../src/adapters/milvus/connection/schema.js";
import type { MilvusStore } from "../../../src/adapters/milvus/index.js";
import { declaredCollection } from "../../../src/adapters/milvus/options.js";
import { type Difference, ImageEmbeddingPipeline, listImages, ServiceConfig } from "../../../src/app/index.js";
import type { Collection, Metadata, StoredRow } from "../../../src/contracts/index.js";
import { connectionOf } from "../../support/milvus-connections.js";
import { calm, LiveMilvus, missing } from "./milvus.js";

const files = 20;
/** The share has no exact value in 32 bits. */
const metadata: Metadata = { share: 0.1, caption: "mine" };

describe("verify of a Milvus collection", { skip: missing }, () => {
  const live = new LiveMilvus("verify_");
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "headrace-verify-"));
    for (const name of ["rated", "plain"]) {
      await mkdir(join(folder, name));
      for (let index = 0; index < files; index++) await writeFile(join(folder, name, `${index}.jpg`), `${name} ${index}`);
    }
    // Versions of files that changed less than two seconds ago are not trusted.
    while (Date.now() - (await stat(join(folder, "plain", `${files - 1}.jpg`))).ctimeMs < 2_100) await pause(100);
  });
  after(() => rm(folder, { recursive: true }));

  it("with a FLOAT column does not call rounded numbers damage, and repairs nothing", async () => {
    const name = "verify_float";
    const declared = declaredCollection.parse({ name, schema: { fields: [{ name: "share", type: "FLOAT" }] } });
    const store = await live.store({}, {}, { collections: [declared] });
    await using pipeline = await opened(store);
    await insert(pipeline, name, "plain", metadata);
    const [row] = await rowsOf(pipeline, name);
    assert.deepEqual(row, { ...metadata, share: Math.fround(0.1) });
    await isSound(pipeline, name, ["plain"]);
  });

  it("with a column that has a default value does not call the default damage, and repairs nothing", async () => {
    const name = "verify_default";
    const store = await live.store();
    await createWithDefault(store, name);
    await using pipeline = await opened(store);
    await insert(pipeline, name, "plain", metadata);
    await insert(pipeline, name, "rated", { ...metadata, stars: 5 }, metadata);
    const stars = (await rowsOf(pipeline, name)).map((each) => each["stars"]);
    assert.deepEqual(
      [3, 5].map((value) => stars.filter((each) => each === value).length),
      [files * 1.5, files / 2],
    );
    await isSound(pipeline, name, ["plain", "rated"]);
  });

  it("without such columns finds the one row whose metadata is not what was written", async () => {
    const name = "verify_exact";
    const store = await live.store();
    await using pipeline = await opened(store);
    await insert(pipeline, name, "plain", metadata);
    const collection = await store.openCollection(name, "write");
    const [row] = await firstRows(collection);
    const changed = { ...row!.facts, metadata: { ...metadata, share: Math.fround(0.1) } };
    const { id, vector, ingestedAt } = row!;
    const batch = { ids: [id], vectors: vector!, dimension: vector!.length, facts: [changed], ingestedAt };
    assert.deepEqual(await collection.upsert(batch, calm), []);
    await collection.close();
    const differences: Difference[] = [];
    const verified = await pipeline.verify({ ...request(name, ["plain"]), onDifference: (each) => differences.push(each) });
    assert.equal(verified.damaged, 1);
    assert.deepEqual(differences, [{ kind: "damaged", source: changed.source, reason: "the metadata is not what was written" }]);
  });

  const request = (collectionName: string, folders: readonly string[]) =>
    ({ source: { paths: folders.map((each) => join(folder, each)) }, collectionName, purpose: "report" }) as const;

  /** Nothing differs, nothing is repaired, and a next run stores nothing. */
  async function isSound(pipeline: ImageEmbeddingPipeline, name: string, folders: readonly string[]): Promise<void> {
    for (const purpose of ["report", "repair"] as const) {
      const { rows, missing: lacking, changed, extra, damaged, repaired } = await pipeline.verify({ ...request(name, folders), purpose });
      const found = { rows, lacking, changed, extra, damaged, repaired };
      assert.deepEqual(found, { rows: files * folders.length, lacking: 0, changed: 0, extra: 0, damaged: 0, repaired: 0 });
    }
    const paths = folders.map((each) => join(folder, each));
    const { stats } = await pipeline.insertImagesAsync({ inputs: listImages({ paths }), collectionName: name });
    assert.deepEqual([stats.stored, stats.skipped], [0, files * folders.length]);
  }

  /** The images of a folder, with each metadata in turn. */
  async function insert(
    pipeline: ImageEmbeddingPipeline,
    collectionName: string,
    photos: string,
    ...given: readonly Metadata[]
  ): Promise<void> {
    const described = async function* () {
      let number = 0;
      for await (const image of listImages({ paths: [join(folder, photos)] }))
        yield { ...image, metadata: given[number++ % given.length]! };
    };
    const { failures } = await pipeline.insertImagesAsync({ inputs: described(), collectionName });
    assert.deepEqual(failures, []);
  }

  async function opened(store: MilvusStore): Promise<ImageEmbeddingPipeline> {
    const config = new ServiceConfig({ lancedb: { path: join(folder, "data") } });
    return ImageEmbeddingPipeline.open(config, { own: { store, embedder: memoryEmbedder(), decoder: memoryDecoder() } });
  }
});

/** A collection with a column that Headrace does not create: somebody else made it with Milvus' own tools. */
async function createWithDefault(store: MilvusStore, name: string): Promise<void> {
  const { client } = connectionOf(store);
  const schema = { dimension: memoryEmbedder().dimension, metric: "cosine", passport: null } as const;
  const settings = { vectorType: null, partitionKey: null };
  const created = await client.createCollection({
    collection_name: name,
    description: describeCollection(schema, "", "somebody"),
    fields: [
      ...fieldsOf(schema, { vectorField: "vector", declared: [], settings }),
      { name: "stars", data_type: "Int64", default_value: 3 },
    ],
    enable_dynamic_field: true,
  });
  assert.equal(created.error_code, "Success", created.reason);
}

async function rowsOf(pipeline: ImageEmbeddingPipeline, name: string): Promise<readonly Metadata[]> {
  const found: Metadata[] = [];
  for await (const rows of pipeline.scan(name, { vectors: "omit" })) found.push(...rows.map(({ facts }) => facts.metadata));
  return found;
}

async function firstRows(collection: Collection): Promise<readonly StoredRow[]> {
  for await (const rows of collection.scan({ vectors: "include" })) return rows;
  return [];
}
