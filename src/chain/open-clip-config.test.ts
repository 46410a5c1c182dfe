import assert from "node:assert/strict";
import { test } from "node:test";
import { asPreprocessorConfig } from "./open-clip-config.js";

const common = { mode: "RGB", mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], fill_color: 0 };
const numbers = { image_mean: common.mean, image_std: common.std };

test("the shorter side is resized and the centre cropped, with the filter by Pillow's number", () => {
  const found = asPreprocessorConfig({ ...common, size: [224, 256], interpolation: "bicubic", resize_mode: "shortest" });
  const size = { size: { shortest_edge: 224 }, crop_size: { height: 224, width: 256 }, do_center_crop: true };
  assert.deepEqual(found, { ...numbers, resample: 3, ...size });
});

test("a squashed image keeps nothing of its proportions, and one number is both sides", () => {
  const found = asPreprocessorConfig({ ...common, size: 384, interpolation: "bilinear", resize_mode: "squash" });
  assert.deepEqual(found, { ...numbers, resample: 2, size: { height: 384, width: 384 }, do_center_crop: false });
});

test("what has no equivalent keeps its name, so that it can be refused by that name", () => {
  const found = asPreprocessorConfig({ ...common, mode: "L", size: 224, interpolation: "random", resize_mode: "longest", extra: 1 });
  assert.deepEqual(found, { ...numbers, extra: 1, mode: "L", resample: "random", resize_mode: "longest", fill_color: 0 });
});

test("a preprocessor_config.json and what is no configuration stay as they are", () => {
  for (const given of [{ size: { shortest_edge: 224 }, resample: 3 }, null, "text", []]) assert.equal(asPreprocessorConfig(given), given);
});
