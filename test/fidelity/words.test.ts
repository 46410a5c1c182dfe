/** Words find pictures with the shipped models, and the rows of the last layer are those that the models use. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { onnxTextEmbedder } from "../../src/adapters/onnx/index.js";
import { openTokenizer } from "../../src/adapters/tokenizers/index.js";
import { ImageEmbeddingPipeline, ServiceConfig } from "../../src/app/index.js";
import { makeCorpus } from "../support/corpus/corpus.js";

const golden = join("test", "fidelity", "golden");
const never = new AbortController().signal;

/** What the pictures show that each word must find. */
const subjects: Readonly<Record<string, readonly string[]>> = {
  chelsea: ["cat", "cats", "tabby", "tiger cat", "Egyptian cat", "feline"],
  coffee: ["espresso", "coffee", "cup", "coffee mugs", "drink", "beverage"],
  rocket: ["rocket", "missiles", "space shuttle"],
  camera: ["tripod", "tripods", "camera", "suit of clothes"],
  brick: ["maze"],
};

async function picturesIn(folder: string): Promise<readonly string[]> {
  return (await readdir(folder)).filter((name) => /\.(jpg|png|webp)$/.test(name)).map((name) => join(folder, name));
}

for (const model of ["builtin", "builtin-int8"]) {
  describe(`20 words with ${model}`, () => {
    let folder = "";
    let pipeline: ImageEmbeddingPipeline;
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), "headrace-words-"));
      const photos = join(".cache", "demo", "photos");
      await makeCorpus({ folder: photos, count: 60, seed: 1, sizes: "mixed" });
      pipeline = await ImageEmbeddingPipeline.open(new ServiceConfig({ embedder: { model }, lancedb: { path: folder } }), {
        parts: "lazy",
      });
      await pipeline.insertImagesAsync({ inputs: await picturesIn(photos), collectionName: "demo" });
      await pipeline.insertImagesAsync({ inputs: await picturesIn(golden), collectionName: "golden" });
    });
    after(async () => {
      await pipeline.close();
      await rm(folder, { recursive: true });
    });

    for (const collectionName of ["demo", "golden"]) {
      test(`each finds its picture among the first three of ${collectionName}`, async () => {
        const wrong: string[] = [];
        for (const [subject, words] of Object.entries(subjects)) {
          for (const word of words) {
            const hits = await pipeline.searchText(word, { collectionName, topK: 3 });
            const names = hits.map(({ facts }) => basename(facts.source));
            if (!names.some((name) => name.startsWith(subject))) wrong.push(`${word}: ${names.join(", ")}`);
          }
        }
        assert.deepEqual(wrong, []);
      });
    }
  });
}

test("the label that the model gives an image has the nearest vector of all labels", async () => {
  const { images } = JSON.parse(await readFile(join(golden, "golden.json"), "utf8")) as {
    images: readonly { file: string; top1: { index: number }; embedding: readonly number[] }[];
  };
  const embedder = onnxTextEmbedder({ openTokenizer });
  await embedder.open?.(never);
  const texts = embedder.labels!.map(({ text }) => text);
  const { dimension, values } = await embedder.embedText(texts, never);
  for (const { file, top1, embedding } of images) {
    const scores = texts.map((_, label) => embedding.reduce((sum, value, i) => sum + value * values[label * dimension + i]!, 0));
    assert.equal(texts[scores.indexOf(Math.max(...scores))], texts[top1.index], file);
  }
});

test("the rows of the int8 graph have the directions of the float graph", async () => {
  const [floats, int8] = [
    onnxTextEmbedder({ model: "builtin", openTokenizer }),
    onnxTextEmbedder({ model: "builtin-int8", openTokenizer }),
  ];
  await Promise.all([floats.open?.(never), int8.open?.(never)]);
  const texts = floats.labels!.map(({ text }) => text);
  const [a, b] = [await floats.embedText(texts, never), await int8.embedText(texts, never)];
  for (const [label, text] of texts.entries()) {
    const range = [label * a.dimension, (label + 1) * a.dimension] as const;
    const other = b.values.subarray(...range);
    const cosine = a.values.subarray(...range).reduce((sum, value, i) => sum + value * other[i]!, 0);
    assert.ok(cosine > 0.99, `${text}: ${cosine}`);
  }
});
