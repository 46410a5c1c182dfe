/** `headrace model inspect`: what a model takes and gives, from a file, a folder or a server. */
import assert from "node:assert/strict";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { test } from "node:test";
import type { InspectedModel } from "../../src/index.js";
import { workspace } from "./command.js";

const clip = resolve("test", "fidelity", "clip", "model");

test("the shipped model is described with its outputs, its labels and its speed, without a collection", async () => {
  await using space = await workspace();
  const { images, texts } = await space.json<InspectedModel>(0, "model", "inspect");
  assert.equal(images.label, "efficientnet-lite0-uint8.onnx, ONNX Runtime");
  assert.deepEqual([images.dimension, images.tensors?.embedding, images.preprocessing], [1280, "embedding", "efficientnet-lite"]);
  assert.deepEqual([images.input.width, images.input.dtype, images.passport.probes.length], [224, "uint8", 3]);
  assert.equal(texts?.labels, 1000);
  assert.ok(images.msPerImage > 0 && images.imagesPerSecond > 0 && texts.msPerText > 0);
});

test("a folder with a CLIP shows both models, and the output of each that is the embedding", async () => {
  await using space = await workspace();
  const { images, texts } = await space.json<InspectedModel>(0, "model", "inspect", clip);
  assert.deepEqual([images.dimension, texts?.dimension, texts?.labels], [24, 24, null]);
  assert.match(images.preprocessing, /preprocessor_config\.json$/);
  assert.deepEqual(
    texts?.tensors?.inputs.map(({ name, type }) => [name, type]),
    [
      ["input_ids", "int64"],
      ["attention_mask", "int64"],
    ],
  );
  assert.equal(texts.tensors.embedding, "text_embeds");
  const { stdout, code } = await space.run("model", "inspect", clip);
  assert.equal(code, 0);
  for (const line of [/pixel_values float32 \[batch, 3, 32, 32\]/, /image_embeds .*\(the embedding\)/, /any text/, /speed here/])
    assert.match(stdout, line);
});

test("a model of images alone says that it has no texts", async () => {
  await using space = await workspace();
  const file = join(clip, "onnx", "vision_model.onnx");
  const { texts } = await space.json<InspectedModel>(0, "model", "inspect", file, "--set", "preprocess.preset=clip");
  assert.equal(texts, null);
});

test("what is no model is refused with its path and what was expected", async () => {
  await using space = await workspace();
  await mkdir(join(space.folder, "empty"));
  await writeFile(join(space.folder, "notes.txt"), "no model");
  await copyFile(join(clip, "onnx", "text_model.onnx"), join(space.folder, "text.onnx"));
  for (const [target, expected] of [
    ["notes.txt", /notes\.txt: expected an ONNX model that loads/],
    ["empty", /empty: one of onnx\/vision_model\.onnx.*: expected an ONNX file, found none/],
    ["nowhere.onnx", /nowhere\.onnx: expected an ONNX file, found none/],
    ["text.onnx", /text\.onnx: expected a single input .* found 2 inputs: input_ids int64/],
  ] as const) {
    const { code, stderr } = await space.run("model", "inspect", target);
    assert.notEqual(code, 0);
    assert.match(stderr, /model_invalid/);
    assert.match(stderr, expected);
  }
});

test("a server that is away is named with its address", async () => {
  await using space = await workspace();
  const port = await closedPort();
  for (const target of [`localhost:${port}`, `http://localhost:${port}/clip`]) {
    const { code, stderr } = await space.run("model", "inspect", target);
    assert.notEqual(code, 0);
    assert.match(stderr, new RegExp(`embedder_unavailable.*nothing that listens at localhost:${port}`));
  }
});

/** A port at which nothing listens. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as { port: number };
  await new Promise((closing) => server.close(closing));
  return port;
}
