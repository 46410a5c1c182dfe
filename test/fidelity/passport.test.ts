/** One passport for every way to the same vectors, another for everything that changes them. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { jaxPreprocessor } from "../../src/adapters/jax/index.js";
import { nativePreprocessor } from "../../src/adapters/native/index.js";
import { type OnnxEmbedder, onnxEmbedder } from "../../src/adapters/onnx/index.js";
import { sharpDecoder } from "../../src/adapters/sharp/index.js";
import { makePassport } from "../../src/app/wiring/passports.js";
import { probeImages, resolvePreprocessing } from "../../src/chain/index.js";
import type { Passport, Preprocessing, Preprocessor } from "../../src/contracts/index.js";
import { comparePassports } from "../../src/kit/index.js";

const never = new AbortController().signal;
const floatModel = fileURLToPath(new URL("../../../models/efficientnet-lite0.onnx", import.meta.url));

describe("passports of the shipped model", () => {
  const byteEmbedder = onnxEmbedder({ sessions: 1 });
  const floatEmbedder = onnxEmbedder({ model: floatModel, sessions: 1 });
  let reference: Passport;

  before(async () => {
    await Promise.all([byteEmbedder.open(never), floatEmbedder.open(never)]);
    reference = await stamp(byteEmbedder, null, own(byteEmbedder));
  });
  after(async () => {
    await Promise.all([byteEmbedder.close(), floatEmbedder.close()]);
  });

  test("normalised inside the model, in typed arrays and in JAX are one", async () => {
    const preprocessing = own(floatEmbedder);
    const jax = jaxPreprocessor(preprocessing);
    await jax.open(never);
    for (const preprocessor of [nativePreprocessor(preprocessing), jax]) {
      const { same, cosines } = comparePassports(reference, await stamp(floatEmbedder, preprocessor, preprocessing), "cosine");
      assert.ok(same, `${preprocessor.label}: ${cosines.join(", ")}`);
    }
    await jax.close();
  });

  const others: readonly (readonly [string, (own: Preprocessing) => Preprocessing])[] = [
    ["squash instead of crop", (each) => ({ ...each, geometry: { kind: "squash", width: 224, height: 224, filter: "bicubic" } })],
    [
      "a crop that is not resized to 256 before",
      (each) => ({ ...each, geometry: { ...each.geometry, shorterSide: 224 } as Preprocessing["geometry"] }),
    ],
    ["another kernel", (each) => ({ ...each, geometry: { ...each.geometry, filter: "bilinear" } })],
    ["ImageNet's normalisation", () => resolvePreprocessing({ preset: "imagenet", embedderInput: floatEmbedder.input })],
    ["no normalisation", (each) => ({ ...each, normalization: { rescale: 1 / 255, mean: [0, 0, 0], std: [1, 1, 1] } })],
  ];
  for (const [what, change] of others) {
    test(`${what} is another`, async () => {
      const preprocessing = change(own(floatEmbedder));
      const { same, cosines } = comparePassports(
        reference,
        await stamp(floatEmbedder, nativePreprocessor(preprocessing), preprocessing),
        "cosine",
      );
      assert.ok(!same, cosines.join(", "));
    });
  }

  test("the int8 graph is another model", async () => {
    const embedder = onnxEmbedder({ model: "builtin-int8", sessions: 1 });
    await embedder.open(never);
    assert.deepEqual([embedder.input, embedder.dimension, embedder.preset], [byteEmbedder.input, 1280, "efficientnet-lite"]);
    const { same, cosines } = comparePassports(reference, await stamp(embedder, null, own(embedder)), "cosine");
    await embedder.close();
    assert.ok(!same, cosines.join(", "));
  });

  test("red and blue exchanged is another", async () => {
    const preprocessing = own(byteEmbedder);
    const swap: Preprocessor = {
      name: "swap",
      label: "swap",
      input: preprocessing.geometry,
      output: preprocessing.output,
      async run(batch, into) {
        for (const [row, { data }] of batch.entries()) {
          const swapped = data.map((_, index) => data[index - (index % 3) + 2 - (index % 3)]!);
          into.bytes.set(swapped, row * into.rowBytes);
        }
      },
    };
    assert.ok(!comparePassports(reference, await stamp(byteEmbedder, swap, preprocessing), "cosine").same);
  });
});

function own(embedder: OnnxEmbedder): Preprocessing {
  return resolvePreprocessing({ embedderInput: embedder.input, embedderDefault: embedder.preset });
}

function stamp(embedder: OnnxEmbedder, preprocessor: Preprocessor | null, preprocessing: Preprocessing): Promise<Passport> {
  return makePassport({ decoder: sharpDecoder(), preprocessor, embedder, preprocessing, normalize: "l2" }, probeImages(), never);
}
