/** Collections that keep only the first numbers of each vector. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { ImageEmbeddingPipeline, ServiceConfig } from "../../src/app/index.js";
import { HeadraceError } from "../../src/contracts/index.js";

const model = join("test", "fidelity", "clip", "model");
const photos = ["chelsea.jpg", "coffee.jpg", "rocket.jpg"].map((name) => join("test", "fidelity", "golden", name));
const another = join("test", "fidelity", "reference", "images", "480x640.jpg");
const whole = 24;

type Embedder = NonNullable<NonNullable<ConstructorParameters<typeof ServiceConfig>[0]>["embedder"]>;

describe("embedder.dimensions", () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "headrace-short-"));
  });
  after(() => rm(folder, { recursive: true }));

  const open = (embedder: Embedder): Promise<ImageEmbeddingPipeline> =>
    ImageEmbeddingPipeline.open(new ServiceConfig({ embedder: { model, ...embedder }, lancedb: { path: folder } }), { parts: "lazy" });
  const short = { matryoshka: [16, 12], dimensions: 12 };

  /** The first numbers of the whole vector, which have length 1 again. */
  async function expectedVector(path: string, dimensions: number): Promise<readonly number[]> {
    await using pipeline = await open({});
    const cut = [...(await pipeline.embedImage(path))].slice(0, dimensions);
    return cut.map((value) => value / Math.hypot(...cut));
  }

  test("gives a collection the first numbers of each vector, with length 1", async () => {
    await using pipeline = await open(short);
    const { stats } = await pipeline.insertImagesAsync({ inputs: photos, collectionName: "short" });
    assert.equal(stats.stored, photos.length);
    const { dimension, passport } = await pipeline.collectionStats("short");
    assert.deepEqual([dimension, passport!.probes[0]!.length], [12, 12]);
    assert.match(passport!.labels["model"]!, /, first 12 numbers$/);
    for (const path of photos) {
      const wanted = await expectedVector(path, 12);
      const [[hit] = []] = await pipeline.searchMany([{ vector: Float32Array.from(wanted) }], { collectionName: "short", topK: 1 });
      assert.ok(Math.abs(hit!.score - 1) < 1e-5, `${path}: ${hit!.score}`);
      assert.ok(hit!.facts.source.endsWith(path));
    }
  });

  test("finds the images by images and by words, and the same command again stores nothing", async () => {
    await using pipeline = await open(short);
    const [[hit] = []] = await pipeline.searchMany([photos[1]!], { collectionName: "short", topK: 1 });
    assert.ok(hit!.facts.source.endsWith(photos[1]!) && Math.abs(hit!.score - 1) < 1e-5);
    const found = await pipeline.searchText("a photo of a cat", { collectionName: "short" });
    assert.equal(found.length, photos.length);
    const { stats } = await pipeline.insertImagesAsync({ inputs: photos, collectionName: "short" });
    assert.deepEqual([stats.stored, stats.skipped], [0, photos.length]);
  });

  test("refuses the collection to the whole model and to another length, before anything is written", async () => {
    for (const other of [{}, { ...short, dimensions: 16 }]) {
      await using pipeline = await open(other);
      const isRefused = (error: unknown) => HeadraceError.is(error) && ["dimension_mismatch", "passport_mismatch"].includes(error.code);
      await assert.rejects(pipeline.insertImagesAsync({ inputs: [another], collectionName: "short" }), isRefused);
      await assert.rejects(pipeline.searchMany([photos[0]!], { collectionName: "short" }), isRefused);
    }
  });

  test("is refused for a length for which the model was not trained, and the whole length is no change", async () => {
    const isConflict = (words: RegExp) => (error: unknown) =>
      HeadraceError.is(error) && error.code === "config_conflict" && words.test(error.message);
    const refused: readonly (readonly [Embedder, RegExp])[] = [
      [{ dimensions: 12 }, /expected 24, the dimension of .*found 12, and `embedder\.matryoshka` names no shorter lengths/],
      [{ ...short, dimensions: 13 }, /found 13, and `embedder\.matryoshka` names 16, 12$/],
      [{ matryoshka: [48], dimensions: 48 }, /found 48/],
    ];
    for (const [embedder, words] of refused) {
      await using pipeline = await open(embedder);
      await assert.rejects(pipeline.dimension(), isConflict(words));
    }
    await using pipeline = await open({ dimensions: whole });
    assert.equal(await pipeline.dimension(), whole);
  });
});
