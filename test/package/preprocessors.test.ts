/** The example preprocessors, loaded as a user's and run on a photo, over the built package. */
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { resolve } from "node:path";
import { describe, it } from "node:test";
import { ImageEmbeddingPipeline, type Preprocessed, ServiceConfig } from "headrace";
import { loadPreprocessor } from "headrace/adapters/jax";

const folder = resolve("examples", "preprocessors");
const model = resolve("models", "efficientnet-lite0.onnx");
const photo = resolve("test", "fidelity", "golden", "chelsea.jpg");
const input = { dtype: "float32", layout: "NCHW", width: 224, height: 224 } as const;
const names = (await readdir(folder)).sort();

/** What is special about each example's tensor of that photo. */
const marks: Readonly<Record<string, (seen: Omit<Preprocessed, "picture">) => void>> = {
  "grey.mjs": ({ means: [red, green, blue] }) => {
    const greys = [red * 0.229 + 0.485, green * 0.224 + 0.456, blue * 0.225 + 0.406];
    assert.ok(Math.max(...greys) - Math.min(...greys) < 1e-4, `one grey in all channels: ${greys.join(", ")}`);
  },
  "local-contrast.mjs": ({ means }) => {
    const mean = (means[0] + means[1] + means[2]) / 3;
    assert.ok(Math.abs(mean) < 0.05, `as much above its neighbourhood as below: ${mean}`);
  },
  "random-scale-crop.mjs": ({ geometry }) => assert.equal(geometry.width, 256),
  "unsharp-mask.mjs": ({ min, max }) => assert.ok(min >= -127 / 128 && max > 0.8 && max <= 1, `sharper than the photo: ${min} to ${max}`),
};

describe("the example preprocessors", () => {
  it("are all of them tested here", () => assert.deepEqual(names, Object.keys(marks)));

  for (const [name, check] of Object.entries(marks)) {
    it(`${name} is accepted for the shipped model, and embeds`, async () => {
      const { preprocessing } = await loadPreprocessor(resolve(folder, name), input);
      const config = new ServiceConfig({ embedder: { model, sessions: 1 }, preprocess: { custom: resolve(folder, name) } });
      await using pipeline = await ImageEmbeddingPipeline.open(config, { parts: "lazy" });
      const { picture, ...seen } = await pipeline.preprocessImage(photo);
      assert.equal(seen.label, `${preprocessing.name}, JAX`);
      check(seen);
      assert.deepEqual([...(await picture()).subarray(1, 4)], [...Buffer.from("PNG")]);
      const { vectors } = await pipeline.embedImages([photo]);
      assert.equal(vectors[0]?.length, 1280);
    });
  }
});
