/** Which preprocessing settings and model give together. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TensorSpec } from "../contracts/index.js";
import { HeadraceError } from "../contracts/index.js";
import { presetNames } from "../kit/index.js";
import { needsPreprocessor, resolvePreprocessing } from "./preprocessing.js";

const bytes: TensorSpec = { dtype: "uint8", layout: "NHWC", width: 224, height: 224 };
const floats: TensorSpec = { dtype: "float32", layout: "NCHW", width: 224, height: 224 };

test("the shipped model's own preset crops 224 out of 256 and leaves the numbers to the model", () => {
  const found = resolvePreprocessing({ embedderInput: bytes, embedderDefault: "efficientnet-lite" });
  assert.deepEqual(found, {
    name: "efficientnet-lite",
    geometry: { kind: "crop", shorterSide: 256, width: 224, height: 224, filter: "bicubic", rounding: "nearest" },
    normalization: null,
    output: bytes,
  });
  assert.equal(needsPreprocessor(found), false);
});

test("the same preset for a float model normalises, and needs a preprocessor", () => {
  const found = resolvePreprocessing({ embedderInput: floats, embedderDefault: "efficientnet-lite" });
  assert.deepEqual(found.normalization, { rescale: 1, mean: [127, 127, 127], std: [128, 128, 128] });
  assert.equal(needsPreprocessor(found), true);
});

test("the user's preset wins over the model's", () => {
  assert.equal(resolvePreprocessing({ preset: "clip", embedderInput: floats, embedderDefault: "imagenet" }).name, "clip");
});

test("image_size, mean or std alone mean the Python service's geometry, completed with ImageNet's numbers", () => {
  const found = resolvePreprocessing({ imageSize: [224, 224], embedderInput: floats, embedderDefault: "clip" });
  assert.deepEqual(found.geometry, { kind: "letterbox", width: 224, height: 224, fill: [0, 0, 0], filter: "bilinear" });
  assert.deepEqual(found.normalization, { rescale: 1 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] });
  const custom = resolvePreprocessing({ mean: [0, 0, 0], std: [1, 1, 1], embedderInput: floats });
  assert.deepEqual(custom.normalization, { rescale: 1 / 255, mean: [0, 0, 0], std: [1, 1, 1] });
});

test("a model that nobody knows gets the Python service's way", () => {
  assert.equal(resolvePreprocessing({ embedderInput: floats }).geometry.kind, "letterbox");
  assert.equal(resolvePreprocessing({ embedderInput: bytes }).normalization, null);
});

test("every preset gives the model's size, also when it is not square", () => {
  const wide: TensorSpec = { dtype: "float32", layout: "NHWC", width: 320, height: 192 };
  for (const preset of presetNames) {
    const { geometry } = resolvePreprocessing({ preset, embedderInput: wide });
    assert.equal(geometry.width, 320, preset);
    assert.equal(geometry.height, 192, preset);
    if (geometry.kind === "crop") assert.ok(geometry.shorterSide >= 320, `${preset} crops out of ${geometry.shorterSide}`);
  }
});

test("a preset with its own mean and std said again is no conflict", () => {
  const found = resolvePreprocessing({ preset: "siglip", mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], embedderInput: floats });
  assert.equal(found.name, "siglip");
  const scaled = [127 / 255, 127 / 255, 127 / 255] as const;
  assert.equal(resolvePreprocessing({ preset: "efficientnet-lite", mean: scaled, embedderInput: floats }).name, "efficientnet-lite");
});

for (const [what, choice, pattern] of [
  ["another size than the model's", { imageSize: 384, embedderInput: floats }, /224 x 224.*384 x 384/],
  ["another layout than the model's", { dataFormat: "NHWC", embedderInput: floats }, /NCHW.*NHWC/],
  ["a mean for a model that takes uint8", { mean: [0.5, 0.5, 0.5], embedderInput: bytes }, /uint8.*0\.5, 0\.5, 0\.5/],
  ["another mean than the preset's", { preset: "clip", mean: [0.5, 0.5, 0.5], embedderInput: floats }, /0\.48.*clip.*0\.5, 0\.5/],
  [
    "a mean beside the preset none",
    { preset: "none", mean: [0.5, 0.5, 0.5], embedderInput: floats },
    /expected no mean, as in preset none/,
  ],
] as const) {
  test(`${what} is a conflict that shows both sides`, () => {
    assert.throws(
      () => resolvePreprocessing(choice),
      (error) => HeadraceError.is(error) && error.code === "config_conflict" && pattern.test(error.message),
    );
  });
}

test("a std of zero is refused", () => {
  assert.throws(
    () => resolvePreprocessing({ std: [0, 1, 1], embedderInput: floats }),
    (error) => HeadraceError.is(error) && error.code === "config_invalid",
  );
});
