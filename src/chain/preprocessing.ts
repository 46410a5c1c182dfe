/** How settings and model together decide on a preprocessing. */
import type { Normalization, Preprocessing, TensorSpec } from "../contracts/index.js";
import { HeadraceError } from "../contracts/index.js";
import { imagenetNormalization, type Preset, type PresetName, presetNamed } from "../kit/index.js";

type Triple = readonly [number, number, number];

export interface PreprocessingChoice {
  /** What the user chose, by its name or as it stands in a file; null or absent: nothing. */
  readonly preset?: PresetName | Preset | null;
  /** Height and width in pixels; one number means a square. */
  readonly imageSize?: number | readonly [number, number] | null;
  /** One number per channel, for values from 0 to 1. */
  readonly mean?: Triple | null;
  /** One number per channel, for values from 0 to 1. */
  readonly std?: Triple | null;
  readonly dataFormat?: "NHWC" | "NCHW" | null;
  /** What the model takes: the last word on size, layout and type. */
  readonly embedderInput: TensorSpec;
  /** The preset that belongs to the model; null when nobody knows. */
  readonly embedderDefault?: PresetName | null;
}

/**
 * Decides how images become the model's tensors. In this order: the user's preset; `imageSize`, `mean` or `std`, which
 * mean the Python service's way (fit into the model's size on black, scale to 0..1, normalise; what is not given is
 * ImageNet's); the model's own preset; the Python service's way again.
 *
 * Throws `config_conflict` when a setting contradicts the model or the preset.
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

/** False when what the decoder gives, 8-bit RGB row by row, is what the model takes. */
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
      `preprocess.preset: ${preset.name}: expected what the model takes, ${input.width} x ${input.height} pixels, found ${width} x ${height}`,
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
    `preprocess.image_size: expected what the model takes, ${input.width} x ${input.height} pixels, found ${width} x ${height}`,
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
        `preprocess.${key}: the model takes uint8 and normalises by itself: expected no ${key}, found [${found.join(", ")}]`,
      );
    }
    if (preset !== null && !isEqual(normalization, key, found)) {
      throw new HeadraceError(
        "config_conflict",
        `preprocess.${key}: the preset ${preset.name} has ${normalization === null ? `no ${key}` : `[${normalization[key].join(", ")}] after x ${normalization.rescale}`}, found [${found.join(", ")}]`,
      );
    }
    if (key === "std" && found.some((value) => !(value > 0))) {
      throw new HeadraceError("config_invalid", `preprocess.std: expected three numbers above 0, found [${found.join(", ")}]`);
    }
  }
}

/** Whether a mean or std of values 0 to 1 says the same as the preset's. */
function isEqual(normalization: Normalization | null, key: "mean" | "std", found: Triple): boolean {
  if (normalization === null) return false;
  const toUnit = normalization.rescale === 1 ? 1 / 255 : 1;
  return normalization[key].every((value, channel) => Math.abs(value * toUnit - found[channel]!) < 1e-6);
}
