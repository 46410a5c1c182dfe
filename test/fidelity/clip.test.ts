/** A small CLIP with fixed random weights gives the vectors that ONNX Runtime in Python gives. `scripts/small-clip.py` makes it. */
import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { onnxEmbedder, onnxTextEmbedder } from "../../src/adapters/onnx/index.js";
import { openTokenizer } from "../../src/adapters/tokenizers/index.js";
import { ImageEmbeddingPipeline, ServiceConfig } from "../../src/app/index.js";
import { HeadraceError } from "../../src/contracts/index.js";

const clip = join("test", "fidelity", "clip");
const model = join(clip, "model");
const photos = ["chelsea.jpg", "coffee.jpg", "rocket.jpg"].map((name) => join("test", "fidelity", "golden", name));
const never = new AbortController().signal;

interface Expected {
  readonly texts: readonly { readonly text: string; readonly vector: readonly number[] }[];
  readonly images: readonly (readonly number[])[];
}

async function expected(): Promise<Expected> {
  return JSON.parse(await readFile(join(clip, "vectors.json"), "utf8")) as Expected;
}

function assertNear(found: Float32Array, wanted: readonly number[], what: string): void {
  assert.equal(found.length, wanted.length);
  for (const [index, value] of wanted.entries())
    assert.ok(Math.abs(found[index]! - value) <= 1e-5, `${what}: ${found[index]} and ${value}`);
}

const unit = (vector: readonly number[]): readonly number[] => vector.map((value) => value / Math.hypot(...vector));

test("vectors of texts are within 0.00001 of Python's", async () => {
  const embedder = onnxTextEmbedder({ model, openTokenizer });
  await embedder.open?.(never);
  try {
    const { texts } = await expected();
    const { dimension, values } = await embedder.embedText(
      texts.map(({ text }) => text),
      never,
    );
    assert.deepEqual([dimension, embedder.dimension, embedder.labels], [24, 24, null]);
    for (const [row, { text, vector }] of texts.entries()) assertNear(values.subarray(row * 24, (row + 1) * 24), unit(vector), text);
  } finally {
    await embedder.close?.();
  }
});

test("vectors of images are within 0.00001 of Python's", async () => {
  const embedder = onnxEmbedder({ model, sessions: 1 });
  await embedder.open(never);
  try {
    const { images } = await expected();
    const slab = embedder.lease(images.length);
    slab.bytes.set(gunzipSync(await readFile(join(clip, "pixels.f32.gz"))));
    const { values } = await embedder.embed(slab, never);
    for (const [row, vector] of images.entries()) assertNear(values.subarray(row * 24, (row + 1) * 24), vector, `image ${row}`);
    assert.equal(embedder.presetFile, join(process.cwd(), model, "preprocessor_config.json"));
  } finally {
    await embedder.close();
  }
});

describe("a folder with a CLIP as embedder.model", () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "headrace-clip-"));
    await using pipeline = await open({ model });
    await pipeline.insertImagesAsync({ inputs: photos, collectionName: "photos" });
  });
  after(() => rm(folder, { recursive: true }));

  const open = (embedder: NonNullable<ConstructorParameters<typeof ServiceConfig>[0]>["embedder"]): Promise<ImageEmbeddingPipeline> =>
    ImageEmbeddingPipeline.open(new ServiceConfig({ embedder: embedder ?? {}, lancedb: { path: folder } }), { parts: "lazy" });

  test("has its preprocessing, its model for texts and its tokenizer", async () => {
    await using pipeline = await open({ model });
    assert.equal(await pipeline.textSearch(), "any text");
    const hits = await pipeline.searchText("a photo of a cat", { collectionName: "photos" });
    assert.equal(hits.length, 3);
    const { passport } = await pipeline.collectionStats("photos");
    assert.match(passport!.labels["preprocessing"]!, /preprocessor_config\.json/);
    assert.match(passport!.text!.label, /text_model\.onnx/);
  });

  test("the same two models, named one by one, search the collection too", async () => {
    const text = { model: join(model, "onnx", "text_model.onnx"), tokenizer: join(model, "tokenizer.json") };
    await using pipeline = await open({ model, text });
    assert.equal((await pipeline.searchText("a dog", { collectionName: "photos" })).length, 3);
  });

  test("a model for texts of another model is refused, and both are named", async () => {
    const text = { model: join(clip, "other_text_model.onnx"), tokenizer: join(model, "tokenizer.json") };
    await using pipeline = await open({ model, text });
    await assert.rejects(
      pipeline.searchText("a dog", { collectionName: "photos" }),
      (error) =>
        HeadraceError.is(error) && error.code === "passport_mismatch" && /vision_model\.onnx.*other_text_model\.onnx/s.test(error.message),
    );
  });

  test("a collection that does not know its model for texts says how to tell it", async () => {
    const alone = join(folder, "alone");
    await cp(join(model, "onnx", "vision_model.onnx"), join(alone, "vision_model.onnx"));
    await cp(join(model, "preprocessor_config.json"), join(alone, "preprocessor_config.json"));
    {
      await using pipeline = await open({ model: alone });
      await pipeline.insertImagesAsync({ inputs: photos, collectionName: "older" });
      assert.equal(await pipeline.textSearch(), "none");
      await assert.rejects(
        pipeline.searchText("a dog", { collectionName: "older" }),
        (error) => HeadraceError.is(error) && error.code === "text_unavailable",
      );
    }
    await using pipeline = await open({ model });
    await assert.rejects(
      pipeline.searchText("a dog", { collectionName: "older" }),
      (error) => HeadraceError.is(error) && error.code === "passport_missing" && error.hint.includes("collection adopt older"),
    );
    await pipeline.adoptCollection("older");
    assert.equal((await pipeline.searchText("a dog", { collectionName: "older" })).length, 3);
  });

  test("images and texts mix in one query", async () => {
    await using pipeline = await open({ model });
    const mix = [{ query: photos[1]! }, { query: { text: "red" }, weight: 0.1 }];
    const [best] = await pipeline.searchImages({ mix }, { collectionName: "photos" });
    assert.match(best!.facts.source, /coffee/);
  });
});

test("files that do not belong together are refused by what they declare", async () => {
  for (const [text, wrong] of [
    [{ model: join(model, "onnx", "vision_model.onnx"), tokenizer: join(model, "tokenizer.json") }, /pixel_values/],
    [{ model: join(model, "onnx", "text_model.onnx"), tokenizer: join(model, "config.json") }, /config\.json/],
    [{ model: join(clip, "nowhere.onnx"), tokenizer: join(model, "tokenizer.json") }, /nowhere\.onnx/],
  ] as const) {
    const embedder = onnxTextEmbedder({ text, openTokenizer });
    await assert.rejects(
      embedder.open!(never),
      (error) => HeadraceError.is(error) && error.code === "model_invalid" && wrong.test(error.message),
    );
  }
});
