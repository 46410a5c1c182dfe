import assert from "node:assert/strict";
import { test } from "node:test";
import type { Head, Metadata } from "../contracts/index.js";
import { type HeadChoice, headLabeller } from "./heads.js";

const never = new AbortController().signal;

/** A head that returns the first numbers of each vector. */
function head(count: number, options: Partial<Head> = {}): Head {
  return {
    label: "first.onnx",
    classes: null,
    numbers: "values",
    dimension: 3,
    apply: async ({ dimension, values }) => ({
      dimension: count,
      values: Float32Array.from({ length: (values.length / dimension) * count }, (_, at) => {
        return values[Math.floor(at / count) * dimension + (at % count)]!;
      }),
    }),
    close: async () => {},
    ...options,
  };
}

async function said(model: Head, vector: readonly number[], choice: Partial<HeadChoice> = {}): Promise<Metadata> {
  const labeller = await headLabeller(model, vector.length, { count: 1, classes: null, vectors: "stored", ...choice }, never);
  const [metadata] = await labeller.label([Float32Array.from(vector)], never);
  return metadata!;
}

test("values are used as they are, the highest first, and the lowest score leaves others out", async () => {
  const classes = ["a", "b", "c"];
  assert.deepEqual(await said(head(3), [0.25, 0.5, 0.125], { classes, count: 3, set: "kind" }), {
    image_label_kind: "b",
    image_label_kind_2: "a",
    image_label_kind_3: "c",
    image_label_kind_score: 0.5,
  });
  const some = await said(head(3), [0.25, 0.5, 0.125], { classes, count: 3, minScore: 0.2 });
  assert.deepEqual(some, { image_label: "b", image_label_2: "a", image_label_score: 0.5 });
  assert.deepEqual(await said(head(3), [0.25, 0.5, 0.125], { classes, minScore: 0.6 }), {});
});

test("very large logits do not overflow", async () => {
  const found = await said(head(3, { numbers: "logits" }), [1e30, 0, -1e30], { classes: ["a", "b", "c"] });
  assert.deepEqual(found, { image_label: "a", image_label_score: 1 });
});

test("one number decides between two classes: it is about the second one", async () => {
  const classes = ["safe", "unsafe"];
  assert.deepEqual(await said(head(1), [0.75, 0, 0], { classes }), { image_label: "unsafe", image_label_score: 0.75 });
  assert.deepEqual(await said(head(1), [0.25, 0, 0], { classes }), { image_label: "safe", image_label_score: 0.75 });
  const logit = await said(head(1, { numbers: "logits", classes }), [0, 0, 0], { count: 2 });
  assert.deepEqual([logit["image_label_score"], logit["image_label"]], [0.5, "safe"]);
});

test("what is no number is not stored", async () => {
  assert.deepEqual(await said(head(1), [Number.NaN, 0, 0], { set: "x" }), {});
  assert.deepEqual(await said(head(1), [Number.POSITIVE_INFINITY, 0, 0], { set: "x" }), {});
  assert.deepEqual(await said(head(2), [Number.NaN, Number.NaN, 0], { classes: ["a", "b"] }), {});
});

test("names and numbers that do not fit are refused before a row is read", async () => {
  const refusals: readonly (readonly [Head, Partial<HeadChoice>, RegExp])[] = [
    [head(1), {}, /first\.onnx: expected a name for its number, found none/],
    [head(1), { set: "x", minScore: 0.5 }, /expected no lowest score for a number, found 0\.5/],
    [head(3), {}, /expected names of its 3 classes, found none/],
    [head(3), { classes: ["a", "b"] }, /expected a name for each of its 3 numbers, found 2 names/],
    [head(1), { classes: ["a", "b", "c"] }, /expected a name for each of its 1 numbers, found 3 names/],
    [head(3, { dimension: 4 }), {}, /expected vectors of 4 numbers, found 3 in the collection/],
  ];
  for (const [model, choice, message] of refusals) await assert.rejects(said(model, [1, 2, 3], choice), message);
});
