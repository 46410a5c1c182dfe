/** Chooses the preprocessing from the user's settings and the model. */
import type { Normalization, Preprocessing, TensorSpec } from "../contracts/index.js";
import { HeadraceError } from "../contracts/index.js";
import { imagenetNormalization, type Preset, type PresetName, presetNamed } from "../kit/index.js";

type Triple = readonly [number, number, number];

export interface PreprocessingChoice {
  /** The preset in the user's settings: a name, or a preset that was read from a file. */
  readonly preset?: PresetName | Preset | null;
  /** Height and width in pixels. A single number is both the height and the width. */
  readonly imageSize?: number | readonly [number, number] | null;
  /** The mean of each colour channel, for pixel values from 0 to 1. */
  readonly mean?: Triple | null;
  /** The standard deviation of each colour channel, for pixel values from 0 to 1. */
  readonly std?: Triple | null;
  readonly dataFormat?: "NHWC" | "NCHW" | null;
  /** The input of the model. The tensors get the size, the layout and the type of this input. */
  readonly embedderInput: TensorSpec;
  /** The preset that the model was trained with. Null: unknown. */
  readonly embedderDefault?: PresetName | Preset | null;
}

/**
 * Chooses the preprocessing. The first rule that applies is used:
 *
 * 1. The user has set a preset: this preset.
 * 2. The user has set `imageSize`, `mean` or `std`: letterbox on black, scale to 0..1, normalise with `mean` and `std`. The defaults are
 *    ImageNet's mean and std. The Python service EmbeddingTrident preprocesses images in the same way.
 * 3. The preset of the model is known: this preset.
 * 4. Otherwise: as in rule 2, with the defaults.
 *
 * Throws `config_conflict` if a setting contradicts the model or the preset.
 */
export function resolvePreprocessing(choice: PreprocessingChoice): Preprocessing {
  const { embedderInput: input, mean = null, std = null } = choice;
  const chosen = presetOf(choice.preset);
  checkSize(choice.imageSize ?? null, input);
  checkLayout(choice.dataFormat ?? null, input);
  checkStatistics(chosen, mean, std, input);
  const isCustom = (choice.imageSize ?? mean ?? std) !== null;
  const preset = chosen ?? (isCustom ? null : presetOf(choice.embedderDefault));
  if (preset !== null) return fromPreset(preset, input);
  return {
    name: "letterbox",
    geometry: { kind: "letterbox", width: input.width, height: input.height, fill: [0, 0, 0], filter: "bilinear" },
    normalization:
      input.dtype === "uint8" ? null : { ...imagenetNormalization, ...(mean === null ? {} : { mean }), ...(std === null ? {} : { std }) },
    output: input,
  };
}

/** Returns false if the model can take the pixels of the decoder directly: 8-bit RGB, row by row. */
export function needsPreprocessor(preprocessing: Preprocessing): boolean {
  const { output, normalization } = preprocessing;
  return normalization !== null || output.dtype !== "uint8" || output.layout !== "NHWC";
}

function presetOf(preset: PresetName | Preset | null | undefined): Preset | null {
  return typeof preset === "string" ? presetNamed(preset) : (preset ?? null);
}

function fromPreset(preset: Preset, input: TensorSpec): Preprocessing {
  const geometry = preset.geometry(input);
  const { width, height } = geometry;
  if (width !== input.width || height !== input.height) {
    throw new HeadraceError(
      "config_conflict",
      `preprocess.preset: ${preset.name}: expected the model's input of ${input.width} x ${input.height} pixels, found ${width} x ${height}`,
    );
  }
  return { name: preset.name, geometry, normalization: input.dtype === "uint8" ? null : preset.normalization, output: input };
}

function checkSize(size: number | readonly [number, number] | null, input: TensorSpec): void {
  if (size === null) return;
  const [height, width] = typeof size === "number" ? [size, size] : size;
  if (width === input.width && height === input.height) return;
  throw new HeadraceError(
    "config_conflict",
    `preprocess.image_size: expected the model's input of ${input.width} x ${input.height} pixels, found ${width} x ${height}`,
  );
}

function checkLayout(layout: "NHWC" | "NCHW" | null, input: TensorSpec): void {
  if (layout === null || layout === input.layout) return;
  throw new HeadraceError("config_conflict", `preprocess.data_format: expected the model's ${input.layout}, found ${layout}`);
}

function checkStatistics(preset: Preset | null, mean: Triple | null, std: Triple | null, input: TensorSpec): void {
  const normalization: Normalization | null = preset === null ? null : preset.normalization;
  for (const [key, found] of [["mean", mean] as const, ["std", std] as const]) {
    if (found === null) continue;
    if (input.dtype === "uint8") {
      throw new HeadraceError(
        "config_conflict",
        `preprocess.${key}: expected no ${key} for a model that takes uint8 and normalises by itself, found [${found.join(", ")}]`,
      );
    }
    if (preset !== null && !isEqual(normalization, key, found)) {
      throw new HeadraceError(
        "config_conflict",
        `preprocess.${key}: expected ${normalization === null ? `no ${key}` : `[${normalization[key].join(", ")}] after x ${normalization.rescale}`}, as in preset ${preset.name}, found [${found.join(", ")}]`,
      );
    }
    if (key === "std" && found.some((value) => !(value > 0))) {
      throw new HeadraceError("config_invalid", `preprocess.std: expected three numbers above 0, found [${found.join(", ")}]`);
    }
  }
}

/** Returns true if `found`, a mean or std for pixel values from 0 to 1, equals the mean or std of the preset. */
function isEqual(normalization: Normalization | null, key: "mean" | "std", found: Triple): boolean {
  if (normalization === null) return false;
  const toUnit = normalization.rescale === 1 ? 1 / 255 : 1;
  return normalization[key].every((value, channel) => Math.abs(value * toUnit - found[channel]!) < 1e-6);
}
