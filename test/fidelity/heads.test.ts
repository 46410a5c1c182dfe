/** Heads give the numbers that scikit-learn and numpy give. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { test } from "node:test";
import { openHead } from "../../src/app/wiring/heads.js";
import { type HeadChoice, headLabeller } from "../../src/chain/index.js";
import { HeadraceError, type Metadata } from "../../src/contracts/index.js";

const folder = resolve("test", "fidelity", "heads");
const expected = JSON.parse(readFileSync(resolve(folder, "expected.json"), "utf8")) as {
  readonly vectors: readonly (readonly number[])[];
  readonly classes: readonly string[];
  readonly three: readonly (readonly number[])[];
  readonly two: readonly (readonly number[])[];
  readonly logits: readonly (readonly number[])[];
  readonly amount: readonly number[];
  readonly mean: readonly number[];
};
const vectors = expected.vectors.map((vector) => Float32Array.from(vector));
const never = new AbortController().signal;

/** What the head of the file says about all vectors. */
async function saidBy(file: string, choice: Partial<HeadChoice> = {}): Promise<readonly Metadata[]> {
  const head = await openHead(resolve(folder, file), 1, never);
  try {
    const labeller = await headLabeller(head, 16, { count: 1, classes: null, vectors: "stored", ...choice }, never);
    return await labeller.label(vectors, never);
  } finally {
    await head.close();
  }
}

function assertNear(found: unknown, wanted: number): void {
  assert.ok(typeof found === "number" && Math.abs(found - wanted) <= 1e-5 * Math.max(1, Math.abs(wanted)), `${found} is not ${wanted}`);
}

function assertBest(said: readonly Metadata[], classes: readonly string[], probabilities: readonly (readonly number[])[]): void {
  assert.equal(said.length, probabilities.length);
  for (const [row, metadata] of said.entries()) {
    const best = Math.max(...probabilities[row]!);
    assert.equal(metadata["image_label"], classes[probabilities[row]!.indexOf(best)]);
    assertNear(metadata["image_label_score"], best);
  }
}

test("a classifier of scikit-learn as .npz, with weights in the order of columns and names in several alphabets", async () => {
  assertBest(await saidBy("three.npz"), expected.classes, expected.three);
});

test("a classifier of two classes has a single row of weights, and its classes are whole numbers", async () => {
  assertBest(await saidBy("two.npz"), ["0", "1"], expected.two);
});

test("a classifier as ONNX, with the names of its classes from the caller", async () => {
  assertBest(await saidBy("three.onnx", { classes: expected.classes }), expected.classes, expected.three);
});

test("an output called logits becomes probabilities", async () => {
  const classes = Array.from({ length: 16 }, (_, at) => `class ${at}`);
  assertBest(await saidBy("logits.onnx", { classes }), classes, expected.logits);
});

test("a regression gives a number, as .npz and as ONNX", async () => {
  for (const file of ["amount.npz", "amount.onnx"]) {
    for (const [row, metadata] of (await saidBy(file, { set: "amount" })).entries()) {
      assert.deepEqual(Object.keys(metadata), ["image_score_amount"]);
      assertNear(metadata["image_score_amount"], expected.amount[row]!);
    }
  }
});

test("a model for one vector at a time, and one for any dimension", async () => {
  for (const file of ["one.onnx", "mean.onnx"]) {
    const said = await saidBy(file, { set: "mean" });
    for (const [row, { image_score_mean }] of said.entries()) assertNear(image_score_mean, expected.mean[row]!);
  }
});

test("vectors are scaled to length 1 first, if that is asked for", async () => {
  const said = await saidBy("mean.onnx", { set: "mean", vectors: "normalized" });
  for (const [row, { image_score_mean }] of said.entries()) {
    assertNear(image_score_mean, expected.mean[row]! / Math.hypot(...expected.vectors[row]!));
  }
});

test("a file that is no head is refused with what was expected", async () => {
  const refusals: readonly (readonly [file: string, RegExp])[] = [
    ["none.npz", /none\.npz: expected an ONNX file or an \.npz file, found none/],
    ["objects.npz", /a list of texts or whole numbers .* in classes, found another array/],
    ["short.npz", /expected 3 numbers in the intercept, .* found 2/],
    ["other.npz", /expected an array called coef, .* found vectors/],
    ["zipmap.onnx", /expected one output of float32 .* output_probability \(no tensor\)/],
    ["expected.json", /expected an ONNX model that loads/],
  ];
  for (const [file, message] of refusals) {
    await assert.rejects(
      saidBy(file),
      (error) => HeadraceError.is(error) && error.code === "model_invalid" && message.test(error.message),
      file,
    );
  }
});
