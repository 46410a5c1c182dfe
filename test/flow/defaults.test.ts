/** What a pipeline takes from the configuration when a call does not say it, and what it refuses. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { memoryDecoder, memoryEmbedder, memoryStore } from "../../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, type OpenOptions, ServiceConfig } from "../../src/app/index.js";
import { type ErrorCode, HeadraceError } from "../../src/contracts/index.js";

type OwnParts = NonNullable<OpenOptions["own"]>;

describe("defaults of calls", () => {
  const folder = mkdtempSync(join(tmpdir(), "headrace-defaults-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const inputs = [Uint8Array.of(1, 2), Uint8Array.of(3, 4)];

  function open(milvus: object | null, parts: "eager" | "lazy", own: OwnParts = {}): Promise<ImageEmbeddingPipeline> {
    const config = new ServiceConfig({ lancedb: { path: folder }, ...(milvus === null ? {} : { milvus }) });
    return ImageEmbeddingPipeline.open(config, { parts, own: { store: memoryStore(), decoder: memoryDecoder(), ...own } });
  }

  for (const [milvus, name] of [
    [null, "images"],
    [{}, "images"],
    [{ collectionName: "photos" }, "photos"],
  ] as const) {
    it(`with milvus ${JSON.stringify(milvus)}, calls without a collection mean ${name}`, async () => {
      await using pipeline = await open(milvus, "eager", { embedder: memoryEmbedder() });
      assert.equal(pipeline.defaultCollection, name);
      await pipeline.insertImages({ inputs: inputs.slice(1) });
      await pipeline.insertImagesAsync({ inputs });
      assert.equal(await pipeline.count(name), 2);
      const [hit] = await pipeline.searchImages(inputs[0]!, { topK: 1 });
      assert.ok(hit !== undefined && hit.score > 0.999);
    });
  }

  it("limits.max_outage ends a run whose store stays away, with or without Triton", async () => {
    const store = memoryStore();
    const create = store.create.bind(store);
    store.create = async (name, schema) => {
      const collection = await create(name, schema);
      collection.upsert = () => Promise.reject(new HeadraceError("store_unavailable", "the store is away"));
      return collection;
    };
    const config = new ServiceConfig({ lancedb: { path: folder }, limits: { maxOutage: 0.2 } });
    const own = { store, decoder: memoryDecoder(), embedder: memoryEmbedder() };
    await using pipeline = await ImageEmbeddingPipeline.open(config, { own });
    await fails("outage_too_long", pipeline.insertImages({ inputs }), /expected at most 200 ms, found/);
  });

  it("minScore leaves out hits with a lower score; a score that is no number is refused", async () => {
    await using pipeline = await open(null, "eager", { embedder: memoryEmbedder() });
    await pipeline.insertImagesAsync({ inputs });
    const all = await pipeline.searchImages(inputs[0]!);
    assert.equal(all.length, 2);
    const between = (all[0]!.score + all[1]!.score) / 2;
    const answers = await pipeline.searchMany(inputs, { minScore: between });
    assert.deepEqual(
      answers.map((hits) => hits.length),
      [1, 1],
    );
    assert.deepEqual(answers[0], all.slice(0, 1));
    assert.deepEqual(await pipeline.searchImages(inputs[0]!, { minScore: 1.1 }), []);
    await fails("query_invalid", pipeline.searchImages(inputs[0]!, { minScore: Number.NaN }), /minScore/);
  });

  it("embedding_dim is the dimension of a new collection before any embedder is open", async () => {
    const broken = memoryEmbedder();
    Object.assign(broken, { open: () => assert.fail("the embedder was opened") });
    await using pipeline = await open({ embeddingDim: 24 }, "lazy", { embedder: broken });
    await pipeline.createCollection("created");
    assert.equal((await pipeline.collectionStats("created")).dimension, 24);
    await fails("dimension_mismatch", pipeline.createCollection("other", { dim: 25 }), /milvus\.embedding_dim/);
    await pipeline.createCollection("same", { dim: 24 });
  });

  it("an embedder of another dimension than embedding_dim is refused, showing both", async () => {
    const embedder = () => memoryEmbedder({ dimension: 16 });
    await fails(
      "config_conflict",
      open({ embeddingDim: 24 }, "eager", { embedder: embedder() }),
      /expected milvus\.embedding_dim 24, found vectors of 16 numbers/,
    );
    await using pipeline = await open({ embeddingDim: 24 }, "lazy", { embedder: embedder() });
    await fails(
      "config_conflict",
      pipeline.insertImagesAsync({ inputs }),
      /expected milvus\.embedding_dim 24, found vectors of 16 numbers/,
    );
    await using agreed = await open({ embeddingDim: 16 }, "eager", { embedder: embedder() });
    assert.equal((await agreed.insertImagesAsync({ inputs })).stats.stored, 2);
  });
});

async function fails(code: ErrorCode, promise: Promise<unknown>, message: RegExp): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(HeadraceError.is(error), String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  });
}
