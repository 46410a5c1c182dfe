/** How often the probe images are embedded, and when a collection is compared again. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { type MemoryEmbedder, type MemoryStore, memoryDecoder, memoryEmbedder, memoryStore } from "../../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, ServiceConfig } from "../../src/app/index.js";
import { type Embedder, HeadraceError } from "../../src/contracts/index.js";

const image = Uint8Array.of(1, 2);
const probes = 3;

describe("the passport of a pipeline", () => {
  const folder = mkdtempSync(join(tmpdir(), "headrace-passports-"));
  after(() => rmSync(folder, { recursive: true, force: true }));

  const open = (embedder: Embedder, store: MemoryStore, settings: object = {}): Promise<ImageEmbeddingPipeline> =>
    ImageEmbeddingPipeline.open(new ServiceConfig({ lancedb: { path: folder }, ...settings }), {
      own: { store, decoder: memoryDecoder(), embedder },
      parts: "lazy",
    });

  it("costs three inferences in all, however many searches follow", async () => {
    const store = memoryStore();
    await using first = await open(memoryEmbedder(), store);
    await first.insertImages({ inputs: [image] });
    const embedder = memoryEmbedder();
    await using pipeline = await open(embedder, store);
    for (let search = 0; search < 10; search += 1) await pipeline.searchImages(image);
    assert.equal(embedder.rows, probes + 10);
  });

  it("costs three inferences in all, however many images are inserted call by call", async () => {
    const embedder = memoryEmbedder();
    await using pipeline = await open(embedder, memoryStore());
    for (let call = 0; call < 10; call += 1) await pipeline.insertImages({ inputs: [Uint8Array.of(1, call)] });
    assert.equal(embedder.rows, probes + 10);
  });

  it("is made once for callers that come at the same moment", async () => {
    const store = memoryStore();
    const embedder = memoryEmbedder();
    await using pipeline = await open(embedder, store);
    await pipeline.insertImages({ inputs: [image] });
    await using other = await open(embedder, store);
    const before = embedder.rows;
    await Promise.all(Array.from({ length: 5 }, () => other.searchImages(image)));
    assert.equal(embedder.rows - before, probes + 5);
  });

  it("is compared with another collection that took the name", async () => {
    const store = memoryStore();
    await using pipeline = await open(memoryEmbedder(), store);
    await using stranger = await open(
      strange(() => true),
      store,
    );
    await pipeline.insertImages({ inputs: [image] });
    await pipeline.searchImages(image);
    await pipeline.dropCollection("images");
    await stranger.insertImages({ inputs: [image] });
    await assert.rejects(pipeline.searchImages(image), mismatch);
    await assert.rejects(pipeline.insertImages({ inputs: [Uint8Array.of(3)] }), mismatch);
    await pipeline.adoptCollection("images");
    assert.equal((await pipeline.searchImages(image)).length, 1);
    await assert.rejects(stranger.searchImages(image), mismatch);
  });

  it("is made again after the embedder was away, so that another model that came back is noticed", async () => {
    let [isAway, isOther] = [false, false];
    const inner = strange(
      () => isOther,
      () => {
        if (isAway) throw new HeadraceError("embedder_unavailable", "planted");
      },
    );
    await using pipeline = await open(inner, memoryStore());
    await pipeline.insertImages({ inputs: [image] });
    isAway = true;
    await assert.rejects(pipeline.searchImages(image), (error) => HeadraceError.is(error) && error.code === "embedder_unavailable");
    [isAway, isOther] = [false, true];
    await assert.rejects(pipeline.searchImages(image), mismatch);
    isOther = false;
    assert.equal((await pipeline.searchImages(image)).length, 1);
  });

  it("is made again when the embedder's label says another version", async () => {
    let version = 1;
    const inner = strange(() => version === 2);
    Object.defineProperty(inner, "label", { get: () => `m, version ${version}` });
    await using pipeline = await open(inner, memoryStore());
    await pipeline.insertImages({ inputs: [image] });
    version = 2;
    await assert.rejects(pipeline.searchImages(image), /"m, version 1".*"m, version 2"/);
  });

  it("another model that comes back during a run ends it before its vectors are stored", async () => {
    let calls = 0;
    let isOther = false;
    const inner = strange(
      () => isOther,
      () => {
        calls += 1;
        if (calls !== 4) return;
        isOther = true;
        throw new HeadraceError("embedder_unavailable", "planted", { retryAfterMs: 1 });
      },
    );
    await using pipeline = await open(inner, memoryStore(), { preprocess: { batchSize: 1 } });
    const inputs = Array.from({ length: 20 }, (_, at) => Uint8Array.of(1, at));
    await assert.rejects(pipeline.insertImages({ inputs }), mismatch);
    const rows = await pipeline.count("images");
    assert.ok(rows < inputs.length, `${rows} rows`);
    isOther = false;
    await using again = await open(inner, memoryStore());
    await again.insertImages({ inputs: [image] });
  });

  for (const metric of ["IP", "L2"] as const) {
    it(`vectors that are not normalised never meet those that are, with metric ${metric}`, async () => {
      const store = memoryStore();
      const collections = [{ name: "images", index: { metricType: metric } }];
      await using unit = await open(memoryEmbedder(), store, { collections, embedder: { normalize: true } });
      await using raw = await open(memoryEmbedder(), store, { collections, embedder: { normalize: false } });
      await unit.insertImages({ inputs: [image] });
      await assert.rejects(raw.insertImages({ inputs: [Uint8Array.of(3)] }), lengthMismatch);
      await assert.rejects(raw.searchImages(image), lengthMismatch);
      assert.equal((await unit.searchImages(image)).length, 1);
    });
  }

  it("a cosine does not ask for normalised vectors", async () => {
    const store = memoryStore();
    await using unit = await open(memoryEmbedder(), store, { embedder: { normalize: true } });
    await using raw = await open(memoryEmbedder(), store, { embedder: { normalize: false } });
    await unit.insertImages({ inputs: [image] });
    assert.equal((await raw.searchImages(image)).length, 1);
  });
});

function mismatch(error: unknown): boolean {
  return HeadraceError.is(error) && error.code === "passport_mismatch";
}

function lengthMismatch(error: unknown): boolean {
  return mismatch(error) && /length/.test((error as Error).message) && /normalize/.test((error as HeadraceError).hint);
}

/** An embedder with other weights while `isOther`. */
function strange(isOther: () => boolean, beforeCall: () => void = () => undefined): MemoryEmbedder {
  const inner = memoryEmbedder({ work: async () => beforeCall() });
  const embed = inner.embed.bind(inner);
  return Object.assign(inner, {
    embed: async (...call: Parameters<Embedder["embed"]>) => {
      const vectors = await embed(...call);
      return isOther() ? { ...vectors, values: vectors.values.map((value, at) => (at % 2 === 0 ? -value : value)) } : vectors;
    },
  });
}
