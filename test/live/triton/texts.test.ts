/** A CLIP on Triton, with its model for images and its model for texts, gives the vectors of Python. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { openTokenizer } from "../../../src/adapters/tokenizers/index.js";
import { type TritonTextEmbedderOptions, tritonTextEmbedder } from "../../../src/adapters/triton/index.js";
import { ImageEmbeddingPipeline, inspectModel, ServiceConfig } from "../../../src/app/index.js";
import type { TextEmbedder } from "../../../src/contracts/index.js";
import { skipUnless } from "../../support/services/required.js";
import { installTriton, startTriton, type TritonServer } from "../../support/services/triton.js";
import type { GraphModel } from "../../support/services/triton-models.js";
import { failure, never, withEmbedder } from "./helpers.js";

const skip = await skipUnless("Triton", installTriton);
const clip = join("test", "fidelity", "clip");
const tokenizer = join(clip, "model", "tokenizer.json");
const photos = ["chelsea.jpg", "coffee.jpg", "rocket.jpg"].map((name) => join("test", "fidelity", "golden", name));
const dimension = 24;

const textModel = (name: string, path: string): GraphModel => ({
  kind: "graph",
  name,
  path,
  inputs: ["input_ids", "attention_mask"].map((input) => ({ name: input, type: "TYPE_INT64", dims: [-1] })),
  outputs: [{ name: "text_embeds", type: "TYPE_FP32", dims: [dimension] }],
});

const images: GraphModel = {
  kind: "graph",
  name: "clip_images",
  path: join(clip, "model", "onnx", "vision_model.onnx"),
  inputs: [{ name: "pixel_values", type: "TYPE_FP32", dims: [3, 32, 32] }],
  outputs: [{ name: "image_embeds", type: "TYPE_FP32", dims: [dimension] }],
  preset: "clip",
};
const texts = textModel("clip_texts", join(clip, "model", "onnx", "text_model.onnx"));
const others = textModel("other_texts", join(clip, "other_text_model.onnx"));

interface Expected {
  readonly texts: readonly { readonly text: string; readonly vector: readonly number[] }[];
  readonly images: readonly (readonly number[])[];
}

describe("a CLIP on Triton", { skip, concurrency: false }, () => {
  const folder = mkdtempSync(join(tmpdir(), "headrace-triton-texts-"));
  let server: TritonServer;
  let expected: Expected;

  before(async () => {
    server = await startTriton({ models: [images, texts, others] });
    expected = JSON.parse(await readFile(join(clip, "vectors.json"), "utf8")) as Expected;
  });
  after(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const transport of ["http", "grpc"] as const) {
    test(`its vectors of texts are within 0.00001 of Python's over ${transport}`, async () => {
      const url = transport === "grpc" ? server.grpcUrl : server.httpUrl;
      await withTexts({ url, transport }, async (embedder) => {
        const found = await embedder.embedText(
          expected.texts.map(({ text }) => text),
          never,
        );
        assert.deepEqual([embedder.dimension, found.dimension, embedder.labels], [dimension, dimension, null]);
        for (const [row, { vector }] of expected.texts.entries()) assertNear(rowOf(found.values, row), unit(vector));
      });
    });
  }

  test("its vectors of images are within 0.00001 of Python's", async () => {
    await withEmbedder({ url: server.httpUrl, modelName: images.name }, async (embedder) => {
      const slab = embedder.lease(expected.images.length);
      slab.bytes.set(gunzipSync(await readFile(join(clip, "pixels.f32.gz"))));
      const { values } = await embedder.embed(slab, never);
      for (const [row, vector] of expected.images.entries()) assertNear(rowOf(values, row), vector);
    });
  });

  test("a collection knows its model for texts, and refuses that of another model by naming both", async () => {
    {
      await using pipeline = await open("triton", texts.name);
      await pipeline.insertImagesAsync({ inputs: photos, collectionName: "photos" });
      assert.equal((await pipeline.searchText("a photo of a cat", { collectionName: "photos" })).length, photos.length);
      const { passport } = await pipeline.collectionStats("photos");
      assert.deepEqual([passport!.text!.probes.length, passport!.text!.label], [2, `clip_texts, Triton ${server.httpUrl}`]);
    }
    await using other = await open("triton", others.name);
    const refusal = await failure(other.searchText("a photo of a cat", { collectionName: "photos" }));
    assert.equal(refusal.code, "passport_mismatch");
    assert.match(refusal.message, /clip_images.*clip_texts.*other_texts/s);
    await using here = await open("onnx", join(clip, "model", "onnx", "text_model.onnx"));
    assert.equal((await here.searchText("a photo of a cat", { collectionName: "photos" })).length, photos.length);
  });

  test("a model that the server does not have is refused with the setting and the models that it has", async () => {
    const refusal = await failure(withTexts({ url: server.httpUrl, model: "nowhere" }, async () => undefined));
    assert.equal(refusal.code, "model_mismatch");
    assert.match(refusal.message, /"nowhere" \(embedder\.text\.model\).*clip_images.*clip_texts/);
  });

  test("a model is described with its texts, and a server with its models", async () => {
    const config = configWith("triton", texts.name);
    const found = await inspectModel(config, `${server.httpUrl}/${images.name}`);
    assert.ok(found.kind === "model");
    assert.deepEqual([found.images.dimension, found.images.preprocessing, found.texts?.dimension], [dimension, "clip", dimension]);
    assert.deepEqual(found.images.tensors?.inputs, [{ name: "pixel_values", type: "float32", shape: ["any", 3, 32, 32] }]);
    assert.equal(found.texts?.tensors?.embedding, "text_embeds");
    for (const address of [server.httpUrl, `http://${server.httpUrl}/`, `grpc://${server.grpcUrl}`]) {
      const listed = await inspectModel(config, address);
      assert.ok(listed.kind === "server");
      assert.deepEqual(listed.models.map(({ name, state, inputs }) => [name, state, inputs.length]).sort(), [
        ["clip_images", "READY", 1],
        ["clip_texts", "READY", 2],
        ["other_texts", "READY", 2],
      ]);
    }
  });

  test("a model for images is refused as a model for texts", async () => {
    const refusal = await failure(withTexts({ url: server.httpUrl, model: images.name }, async () => undefined));
    assert.equal(refusal.code, "model_invalid");
    assert.match(refusal.message, /clip_images on Triton .*pixel_values float32/);
  });

  test("a server that was away answers again, and one with another model does not take over", async () => {
    const impostor = await startTriton({ models: [{ ...others, name: texts.name }] });
    try {
      await withTexts({ urls: [server.httpUrl, impostor.httpUrl] }, async (embedder) => {
        const before = await embedder.embedText(["a dog"], never);
        await server.kill();
        const refusal = await failure(embedder.embedText(["a dog"], never));
        assert.equal(refusal.code, "model_mismatch");
        assert.match(refusal.message, new RegExp(impostor.httpUrl));
        await impostor.kill();
        assert.equal((await failure(embedder.embedText(["a dog"], never))).code, "embedder_unavailable");
        await server.restart();
        assert.deepEqual(await embedder.embedText(["a dog"], never), before);
      });
    } finally {
      await impostor.stop();
    }
  });

  async function withTexts(options: Partial<TritonTextEmbedderOptions>, run: (embedder: TextEmbedder) => Promise<void>): Promise<void> {
    const embedder = tritonTextEmbedder({ model: texts.name, openTokenizer: () => openTokenizer(tokenizer), ...options });
    try {
      await embedder.open?.(never);
      await run(embedder);
    } finally {
      await embedder.close?.();
    }
  }

  function configWith(kind: "onnx" | "triton", model: string): ServiceConfig {
    return new ServiceConfig({
      triton: { url: server.httpUrl, modelName: images.name },
      embedder: { text: { kind, model, tokenizer } },
      lancedb: { path: folder },
    });
  }

  function open(kind: "onnx" | "triton", model: string): Promise<ImageEmbeddingPipeline> {
    return ImageEmbeddingPipeline.open(configWith(kind, model), { parts: "lazy" });
  }
});

const rowOf = (values: Float32Array, row: number): Float32Array => values.subarray(row * dimension, (row + 1) * dimension);
const unit = (vector: readonly number[]): readonly number[] => vector.map((value) => value / Math.hypot(...vector));

function assertNear(found: Float32Array, wanted: readonly number[]): void {
  assert.equal(found.length, wanted.length);
  for (const [index, value] of wanted.entries()) assert.ok(Math.abs(found[index]! - value) <= 1e-5, `${found[index]} and ${value}`);
}
