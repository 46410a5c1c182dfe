/** The nearest labels of an image. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Metadata } from "../contracts/index.js";
import { type LabelChoice, makeLabeller } from "./labels.js";

const never = new AbortController().signal;
const vectors: Readonly<Record<string, readonly number[]>> = { cat: [1, 0, 0], dog: [0.8, 0.6, 0], car: [0, 0, 1] };
const embedder = {
  embedText: async (texts: readonly string[]) => ({ dimension: 3, values: Float32Array.from(texts.flatMap((text) => vectors[text]!)) }),
};
type Texts = Parameters<typeof makeLabeller>[0];

/** Labels one vector. */
async function labeller(choice: LabelChoice, texts: Texts = embedder): Promise<(...vector: readonly number[]) => Promise<Metadata>> {
  const made = await makeLabeller(texts, labels, choice, never);
  return async (...vector) => (await made.label([Float32Array.from(vector)], never))[0]!;
}

const labels = ["cat", "dog", "car", "car"].map((text) => ({ text, synonyms: [] }));

test("the best labels come first, with the cosine of the best one; a longer vector changes nothing", async () => {
  const label = await labeller({ count: 2, texts: null });
  for (const length of [1, 10]) {
    const { image_label_score: score, ...ranked } = await label(length, 0, 0);
    assert.deepEqual(ranked, { image_label: "cat", image_label_2: "dog" });
    assert.ok(Math.abs(Number(score) - 1) < 1e-6);
  }
});

test("a label that two classes share counts once, and a list of texts replaces the labels of the model", async () => {
  const all = await labeller({ count: 9, texts: null });
  const { image_label_score: _, ...ranked } = await all(0, 0, 1);
  assert.deepEqual(ranked, { image_label: "car", image_label_2: "cat", image_label_3: "dog" });
  const some = await labeller({ count: 1, texts: ["dog", "car"] });
  assert.equal((await some(1, 0, 0))["image_label"], "dog");
});

test("with several sentences, a label has the mean of their vectors, scaled to length 1", async () => {
  const sentences: Readonly<Record<string, readonly number[]>> = {
    cat: [1, 0, 0],
    "a cat": [0, 1, 0],
    dog: [0.6, 0, 0.8],
    "a dog": [0.6, 0, 0.8],
  };
  const inSentences = {
    embedText: async (texts: readonly string[]) => ({ dimension: 3, values: Float32Array.from(texts.flatMap((text) => sentences[text]!)) }),
  };
  const choice = { count: 2, texts: ["cat", "dog"], templates: ["{}", "a {}"] };
  const label = await labeller(choice, inSentences);
  const ofCats = await label(1, 1, 0);
  assert.deepEqual([ofCats["image_label"], ofCats["image_label_2"]], ["cat", "dog"]);
  assert.ok(Math.abs(Number(ofCats["image_label_score"]) - 1) < 1e-6, "the mean of (1, 0, 0) and (0, 1, 0) is halfway between them");
  const ofX = await label(1, 0, 0);
  assert.ok(Math.abs(Number(ofX["image_label_score"]) - Math.SQRT1_2) < 1e-6);
});
