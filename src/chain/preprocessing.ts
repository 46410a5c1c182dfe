/** Decides on a preprocessing from the settings and the model. */
import type { Normalization, Preprocessing, TensorSpec } from "../contracts/index.js";
import { HeadraceError } from "../contracts/index.js";
import { imagenetNormalization, type Preset, type PresetName, presetNamed } from "../kit/index.js";

type Triple = readonly [number, number, number];

export interface PreprocessingChoice {
  /** The preset that the user chose, by name or read from a file. */
  readonly preset?: PresetName | Preset | null;
  /** Height and width in pixels; one number means a square. */
  readonly imageSize?: number | readonly [number, number] | null;
  /** Per channel, for values 0 to 1. */
  readonly mean?: Triple | null;
  /** Per channel, for values 0 to 1. */
  readonly std?: Triple | null;
  readonly dataFormat?: "NHWC" | "NCHW" | null;
  /** The model's input. It decides on size, layout and type. */
  readonly embedderInput: TensorSpec;
  /** The preset that belongs to the model. Null: unknown. */
  readonly embedderDefault?: PresetName | null;
}

/**
 * Decides how images become the model's tensors. The first of these that applies wins:
 *
 * 1. the user's preset;
 * 2. if `imageSize`, `mean` or `std` is given: letterbox on black, scale to 0..1, normalise, with ImageNet's mean and std as defaults.
 *    The Python service EmbeddingTrident preprocesses this way;
 * 3. the model's own preset;
 * 4. the preprocessing of point 2.
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

/** False if the model takes what the decoder produces: 8-bit RGB, row by row. */
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

/** Whether a mean or std for values 0 to 1 equals the preset's. */
function isEqual(normalization: Normalization | null, key: "mean" | "std", found: Triple): boolean {
  if (normalization === null) return false;
  const toUnit = normalization.rescale === 1 ? 1 / 255 : 1;
  return normalization[key].every((value, channel) => Math.abs(value * toUnit - found[channel]!) < 1e-6);
}
