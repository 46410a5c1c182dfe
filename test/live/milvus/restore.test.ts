/** Rows that were deleted in Milvus come back, bit for bit. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ImageEmbeddingPipeline, ServiceConfig } from "../../../src/app/index.js";
import type { Collection, CollectionSchema, Key, Metadata, RowBatch } from "../../../src/contracts/index.js";
import { batchOf, unitVector } from "../../conformance/store-rows-data.js";
import { everyBit } from "../../support/stored-rows.js";
import { calm, LiveMilvus, missing } from "./milvus.js";

const dimension = 32;
const schema: CollectionSchema = { dimension, metric: "cosine", passport: { probes: [[0.6, 0.8]], labels: { model: 'é "m"' } } };

describe("deleted rows of Milvus", { skip: missing }, () => {
  const live = new LiveMilvus("restore_");
  let folder = "";
  const pipelines: ImageEmbeddingPipeline[] = [];
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "headrace-restore-"));
  });
  after(async () => {
    for (const pipeline of pipelines) await pipeline.close();
    await rm(folder, { recursive: true });
  });

  async function opened(): Promise<ImageEmbeddingPipeline> {
    const config = new ServiceConfig({ lancedb: { path: folder }, milvus: live.settings() });
    const pipeline = await ImageEmbeddingPipeline.open(config, { parts: "lazy" });
    pipelines.push(pipeline);
    return pipeline;
  }

  async function inCollection<T>(name: string, use: (collection: Collection) => Promise<T>): Promise<T> {
    const store = await live.store();
    const collection = await store.openCollection(name, "write").catch(() => store.create(name, schema));
    try {
      return await use(collection);
    } finally {
      await collection.close();
    }
  }

  async function fill(name: string, batch: RowBatch, changes: Partial<CollectionSchema> = {}) {
    const store = await live.store();
    const collection = await store.create(name, { ...schema, ...changes });
    assert.deepEqual(await collection.upsert(batch, calm), []);
    await collection.settle(calm);
    await collection.close();
  }

  const bits = (name: string) => inCollection(name, everyBit);

  const metadataOf = (index: number): Metadata => ({
    number: index,
    year: index % 7 === 0 ? null : 2000.5 + index,
    camera: `X "${index % 5}" \u{1F600}\n\u2028`,
    ...(index % 3 === 0 ? { keep: index % 2 === 0 } : { big: 2 ** 53 + index }),
  });

  function rows(count: number, idOf: (index: number) => Key = (index) => `row ${index}`): RowBatch {
    const made = Array.from({ length: count }, (_, at) => ({
      ...{ id: idOf(at), vector: [...unitVector(at, dimension)], metadata: metadataOf(at) },
    }));
    return batchOf(made, 1_700_000_000_123);
  }

  async function restored(pipeline: ImageEmbeddingPipeline, collectionName: string, file = "latest", to = collectionName) {
    const { ended, error, upkeepError, stored, skipped, failed } = await (await pipeline.restore({ collectionName, file, to }).start())
      .done;
    if (error !== undefined || upkeepError !== undefined) throw error ?? upkeepError;
    return { ended, stored, skipped, failed };
  }

  for (const [what, idOf, changes] of [
    ["text ids", (index: number) => `row ${index}`, {}],
    ["int64 ids", (index: number) => 9_007_199_254_740_993n - BigInt(index), { idType: "int64" }],
  ] as const) {
    it(`with ${what} come back as they were, once, by filter and by ids`, async () => {
      const name = `restore_${what.replaceAll(" ", "_")}`;
      await fill(name, rows(700, idOf), changes);
      const pipeline = await opened();
      const before = await bits(name);
      assert.equal(await pipeline.deleteByFilter(name, "number >= 100"), 600);
      assert.equal(await pipeline.deleteByIds(name, [idOf(1), idOf(2), idOf(699)]), 2);
      assert.equal((await bits(name)).length, 98);
      const files = await pipeline.deletedFiles(name);
      assert.deepEqual(
        files.map((each) => each.rows),
        [2, 600],
      );
      for (const { file, rows: count } of files) {
        assert.deepEqual(await restored(pipeline, name, file), { ended: "completed", stored: count, skipped: 0, failed: 0 });
      }
      assert.deepEqual(await bits(name), before);
      assert.deepEqual(await restored(pipeline, name), { ended: "completed", stored: 0, skipped: 2, failed: 0 });
      assert.deepEqual(await bits(name), before);
    });
  }

  it("come back although a key has values of several types, as processes of earlier versions wrote them", async () => {
    const name = "restore_mixed";
    const pipeline = await opened();
    const collection = await (await live.store()).create(name, schema);
    const rows: readonly (readonly [string, Metadata])[] = [
      ["a", { tag: "text" }],
      ["b", { tag: 5 }],
    ];
    // Of the calls that write, only this one accepts a second type.
    for (const [id, metadata] of rows) {
      const { failures } = await collection.insertAbsent!(batchOf([{ id, vector: [...unitVector(1, dimension)], metadata }]), calm);
      assert.deepEqual(failures, []);
    }
    await collection.close();
    const before = await bits(name);
    assert.equal(before.length, 2);
    assert.equal(await pipeline.deleteByIds(name, ["a", "b"]), 2);
    assert.deepEqual(await restored(pipeline, name), { ended: "completed", stored: 2, skipped: 0, failed: 0 });
    assert.deepEqual(await bits(name), before);
    await pipeline.dropCollection(name);
    assert.deepEqual(await restored(pipeline, name), { ended: "completed", stored: 2, skipped: 0, failed: 0 });
    assert.deepEqual(await bits(name), before);
  });

  it("of a dropped collection come back with its description", async () => {
    const name = "restore_dropped";
    await fill(name, rows(1_500), { metric: "l2" });
    const pipeline = await opened();
    const before = await bits(name);
    const stats = await pipeline.collectionStats(name);
    await pipeline.dropCollection(name);
    await assert.rejects(pipeline.collectionStats(name), { code: "collection_not_found" });
    const [file] = await pipeline.deletedFiles(name);
    assert.deepEqual([file?.rows, file?.command], [1_500, "collection drop"]);
    const preview = await pipeline.restore({ collectionName: name, file: "latest" }).preview();
    assert.deepEqual([preview.restored, preview.skipped, preview.creates], [1_500, 0, true]);
    assert.deepEqual(await restored(pipeline, name), { ended: "completed", stored: 1_500, skipped: 0, failed: 0 });
    assert.deepEqual(await bits(name), before);
    const { dimension: width, metric, idType, passport, count } = await pipeline.collectionStats(name);
    assert.deepEqual(
      { width, metric, idType, passport, count },
      { width: dimension, metric: "l2", idType: stats.idType, passport: stats.passport, count: 1_500 },
    );
  });

  it("do not replace rows that were written since, by an alias too, and do not go into a collection of another model", async () => {
    const name = "restore_newer";
    await fill(name, rows(50));
    const pipeline = await opened();
    await pipeline.aliases.set("restore_newer_live", name);
    await pipeline.deleteByFilter("restore_newer_live", "number >= 10");
    const newer = batchOf([{ id: "row 20", vector: [...unitVector(7, dimension)], facts: { version: "newer" } }], 1_800_000_000_000);
    await inCollection(name, (collection) => collection.upsert(newer, calm));
    assert.deepEqual(await restored(pipeline, "restore_newer_live"), { ended: "completed", stored: 39, skipped: 1, failed: 0 });
    const [row] = await pipeline.rows(name, ["row 20"]);
    assert.deepEqual([row?.facts.version, row?.ingestedAt], ["newer", 1_800_000_000_000]);
    await fill("restore_other_model", rows(3), { passport: { probes: [[-1, 0]], labels: { model: "other" } } });
    const request = { collectionName: name, file: "latest", to: "restore_other_model" };
    await assert.rejects(pipeline.restore(request).start(), { code: "passport_mismatch" });
    assert.equal(await pipeline.count("restore_other_model"), 3);
    await pipeline.aliases.drop("restore_newer_live");
  });
});
