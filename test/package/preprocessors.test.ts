/** The example preprocessors, loaded as a user's and run on a photo, over the built package. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { resolve } from "node:path";
import { describe, it } from "node:test";
import { loadPreprocessor } from "headrace/adapters/jax";
import { ImageEmbeddingPipeline, ServiceConfig } from "headrace";

const folder = resolve("examples", "preprocessors");
const model = resolve("models", "efficientnet-lite0.onnx");
const photo = resolve("test", "fidelity", "golden", "chelsea.jpg");
const input = { dtype: "float32", layout: "NCHW", width: 224, height: 224 } as const;
const names = await readdir(folder);

/** Of each example on that photo: the least and the greatest number of the tensor, and what is special about it. */
const ranges: Readonly<Record<string, { readonly min: number; readonly max: number }>> = {
};

describe("the example preprocessors", () => {
  for (const name of names) {
    it(`${name} is accepted for the shipped model, and embeds`, async () => {
      const { preprocessing } = await loadPreprocessor(resolve(folder, name), input);
      assert.match(preprocessing.name, /^[a-z ]+ .+ \([0-9a-f]{12}\)$/);
      const config = new ServiceConfig({ embedder: { model, sessions: 1 }, preprocess: { custom: resolve(folder, name) } });
      await using pipeline = await ImageEmbeddingPipeline.open(config, { parts: "lazy" });
      const { picture, ...seen } = await pipeline.preprocessImage(photo);
      console.log(name, JSON.stringify(seen));
      const { vectors } = await pipeline.embedImages([photo]);
    });
  }
});
