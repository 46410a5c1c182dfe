/** Embeddings are those of the reference: from stored pixels almost exactly, from image files within the decoder's deviation. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { nativePreprocessor } from "../../src/adapters/native/index.js";
import { type OnnxEmbedder, onnxEmbedder } from "../../src/adapters/onnx/index.js";
import { sharpDecoder } from "../../src/adapters/sharp/index.js";
import {
  type Chain,
  decodePixels,
  embedTensors,
  needsPreprocessor,
  resolvePreprocessing,
  vectorAt,
  vectorize,
} from "../../src/chain/index.js";
import { cosine, goldenImages, int8Embeddings, packGolden } from "../conformance/embedder.js";

const images = goldenImages();
const golden = images.map(({ embedding }) => embedding);
const models: Readonly<Record<string, readonly (readonly number[])[]>> = {
  "efficientnet-lite0-uint8.onnx": golden,
  "efficientnet-lite0.onnx": golden,
  "efficientnet-lite0-int8.onnx": int8Embeddings(),
};
const never = new AbortController().signal;
const root = new URL("../../../", import.meta.url);

for (const [model, embeddings] of Object.entries(models)) {
  describe(model, () => {
    const embedder = onnxEmbedder({ model: fileURLToPath(new URL(`models/${model}`, root)), sessions: 1 });
    before(() => embedder.open(never));
    after(() => embedder.close());

    for (const [index, { file, pixels }] of images.entries()) {
      const embedding = embeddings[index]!;
      test(`${file}: the stored pixels give the reference's embedding (cosine at least 0.9999)`, async () => {
        const tensor = new Uint8Array(embedder.lease(1).rowBytes);
        packGolden(pixels, tensor, embedder.input);
        const found = cosine(vectorAt(await embedTensors(embedder, [tensor], never), 0), embedding);
        assert.ok(found >= 0.9999, `expected a cosine of at least 0.9999, found ${found}`);
      });

      test(`${file}: the file, decoded and preprocessed here, gives it within 0.995`, async (t) => {
        const bytes = new Uint8Array(readFileSync(new URL(`test/fidelity/golden/${images[index]!.file}`, root)));
        const chain = chainOf(embedder);
        const [vector] = await vectorize(chain, [await decodePixels(chain, { bytes, version: null }, never)], never);
        const found = cosine(vector!, embedding);
        t.diagnostic(`cosine ${found.toFixed(6)}`);
        assert.ok(found >= 0.995, `expected a cosine of at least 0.995, found ${found}`);
      });
    }
  });
}

function chainOf(embedder: OnnxEmbedder): Chain {
  const preprocessing = resolvePreprocessing({ embedderInput: embedder.input, embedderDefault: embedder.preset });
  return {
    decoder: sharpDecoder(),
    preprocessor: needsPreprocessor(preprocessing) ? nativePreprocessor(preprocessing) : null,
    embedder,
    preprocessing,
    normalize: "l2",
  };
}
