/** What a preprocessor_config.json comes to, and which of its keys are refused. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { HeadraceError, type TensorSpec } from "../contracts/index.js";
import type { PresetName } from "../kit/index.js";
import { resolvePreprocessing } from "./preprocessing.js";
import { presetFromConfig } from "./preprocessor-config.js";

const file = "model/preprocessor_config.json";
const floats: TensorSpec = { dtype: "float32", layout: "NCHW", width: 224, height: 224 };

const clip = {
  crop_size: { height: 224, width: 224 },
  do_center_crop: true,
  do_convert_rgb: true,
  do_normalize: true,
  do_rescale: true,
  do_resize: true,
  image_mean: [0.48145466, 0.4578275, 0.40821073],
  image_processor_type: "CLIPImageProcessor",
  image_std: [0.26862954, 0.26130258, 0.27577711],
  resample: 3,
  rescale_factor: 1 / 255,
  size: { shortest_edge: 224 },
};
const { crop_size: _crop, do_center_crop: _doCrop, image_processor_type: _type, ...plain } = clip;
const half = [0.5, 0.5, 0.5];

describe("the file of a model comes to the preset of that name", () => {
  const dinov2 = {
    ...clip,
    image_processor_type: "BitImageProcessor",
    size: { shortest_edge: 256 },
    image_mean: [0.485, 0.456, 0.406],
    image_std: [0.229, 0.224, 0.225],
  };
  const siglip = {
    ...plain,
    image_processor_type: "SiglipImageProcessor",
    size: { height: 224, width: 224 },
    image_mean: half,
    image_std: half,
  };
  const oldClip = { ...plain, feature_extractor_type: "CLIPFeatureExtractor", size: 224, crop_size: 224, do_center_crop: true };
  for (const [preset, config] of [
    ["clip", clip],
    ["dinov2", dinov2],
    ["siglip", siglip],
    ["clip", oldClip],
  ] as const satisfies readonly (readonly [PresetName, object])[]) {
    test(`${preset}, ${config.size === 224 ? "an old file" : "a file of today"}`, () => {
      const { name, ...found } = resolvePreprocessing({ preset: presetFromConfig(config, file), embedderInput: floats });
      const { name: _name, ...expected } = resolvePreprocessing({ preset, embedderInput: floats });
      assert.equal(name, file);
      assert.deepEqual(found, expected);
    });
  }
});

test("steps that are off are left out", () => {
  const scaled = presetFromConfig({ ...clip, do_normalize: false }, file);
  assert.deepEqual(scaled.normalization, { rescale: 1 / 255, mean: [0, 0, 0], std: [1, 1, 1] });
  assert.equal(presetFromConfig({ ...clip, do_normalize: false, do_rescale: false }, file).normalization, null);
  assert.equal(presetFromConfig({ ...clip, do_rescale: false }, file).normalization?.rescale, 1);
  assert.equal(presetFromConfig({ ...clip, do_pad: false, pad_size: null }, file).geometry(floats).kind, "crop");
});

test("a file for another size than the model's is a conflict that shows both", () => {
  const preset = presetFromConfig({ ...clip, size: { shortest_edge: 384 }, crop_size: { height: 336, width: 336 } }, file);
  assert.throws(
    () => resolvePreprocessing({ preset, embedderInput: floats }),
    (error) => HeadraceError.is(error) && error.code === "config_conflict" && /224 x 224 pixels, found 336 x 336/.test(error.message),
  );
});

describe("refused, with the key", () => {
  for (const [key, change] of [
    ["do_resize", { do_resize: false }],
    ["do_pad", { do_pad: true }],
    ["crop_pct", { crop_pct: 0.875 }],
    ["resample", { resample: 4 }],
    ["resample", { resample: null }],
    ["size", { size: { longest_edge: 224 } }],
    ["size", { size: { shortest_edge: 224, longest_edge: 800 } }],
    ["size", { size: "224" }],
    ["size", { size: { height: 256, width: 256 } }],
    ["crop_size", { crop_size: { height: 0, width: 224 } }],
    ["crop_size", { size: { shortest_edge: 100 } }],
    ["do_center_crop", { do_center_crop: false }],
    ["do_rescale", { do_rescale: "yes" }],
    ["rescale_factor", { rescale_factor: "1/255" }],
    ["image_mean", { image_mean: 0.5 }],
    ["image_std", { image_std: [0.5, 0, 0.5] }],
    ["image_processor_type", { image_processor_type: "EfficientNetImageProcessor" }],
  ] as const) {
    test(`${key} ${JSON.stringify(Object.values(change)[0])}`, () => {
      assert.throws(
        () => presetFromConfig({ ...clip, ...change }, file),
        (error) =>
          HeadraceError.is(error) &&
          error.code === "config_invalid" &&
          error.message.includes(`preprocess.preset: ${file}: ${key}: expected`),
      );
    });
  }

  test("what is no object", () => {
    assert.throws(() => presetFromConfig([], file), /preprocess\.preset: .*: expected an object, found \[\]/);
  });
});
