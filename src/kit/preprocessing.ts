/** Named ways to prepare an image for a model, as data, and how settings and model together decide on one. */
import type { Geometry, Normalization, Preprocessing, TensorSpec } from "../contracts/index.js";
import { HeadraceError } from "../contracts/index.js";

type Triple = readonly [number, number, number];

interface Preset {
  readonly geometry: (size: { readonly width: number; readonly height: number }) => Geometry;
  /** What a model that takes floats expects; one that takes uint8 does this inside. */
  readonly normalization: Normalization | null;
}

/** The share of the resized image that a crop of 224 out of 256 keeps. */
const cropScale = 256 / 224;

const presets = {
  /** EfficientNet-Lite: crop 224 out of 256, values about −1 to 1. */
  "efficientnet-lite": {
    geometry: ({ width, height }) => cropTo(width, height, cropScale, "bicubic"),
    normalization: { rescale: 1, mean: [127, 127, 127], std: [128, 128, 128] },
  },
  /** torchvision's classifiers: crop 224 out of 256. */
  imagenet: {
    geometry: ({ width, height }) => cropTo(width, height, cropScale, "bilinear"),
    normalization: { rescale: 1 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  },
  /** OpenAI's CLIP and OpenCLIP: the shorter side is the model's, then crop. */
  clip: {
    geometry: ({ width, height }) => cropTo(width, height, 1, "bicubic"),
    normalization: {
      rescale: 1 / 255,
      mean: [0.48145466, 0.4578275, 0.40821073],
      std: [0.26862954, 0.26130258, 0.27577711],
    },
  },
  /** SigLIP and SigLIP 2: squashed to the model's size, values −1 to 1. */
  siglip: {
    geometry: ({ width, height }) => ({ kind: "squash", width, height, filter: "bicubic" }),
    normalization: { rescale: 1 / 255, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
  },
  /** Squashed to the model's size, values 0 to 255 as they are: for models that do the rest inside. */
  none: {
    geometry: ({ width, height }) => ({ kind: "squash", width, height, filter: "bicubic" }),
    normalization: null,
  },
} as const satisfies Record<string, Preset>;

export type PresetName = keyof typeof presets;

export const presetNames = Object.keys(presets) as readonly PresetName[];

/** What the Python service EmbeddingTrident fills in where its file says nothing. */
const letterboxDefaults = presets.imagenet.normalization;

export interface PreprocessingChoice {
  /** The preset that the user chose; null or absent: none. */
  readonly preset?: PresetName | null;
  /** Height and width in pixels; one number means a square. */
  readonly imageSize?: number | readonly [number, number] | null;
  /** Of values 0 to 1, one a channel. */
  readonly mean?: Triple | null;
  /** Of values 0 to 1, one a channel. */
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
  const chosen = choice.preset ?? null;
  checkSize(choice.imageSize ?? null, input);
  checkLayout(choice.dataFormat ?? null, input);
  checkStatistics(chosen, mean, std, input);
  const isCustom = (choice.imageSize ?? mean ?? std) !== null;
  const preset = chosen ?? (isCustom ? null : (choice.embedderDefault ?? null));
  if (preset !== null) return fromPreset(preset, input);
  return {
    name: "letterbox",
    geometry: { kind: "letterbox", width: input.width, height: input.height, fill: [0, 0, 0], filter: "bilinear" },
    normalization:
      input.dtype === "uint8"
        ? null
        : { rescale: letterboxDefaults.rescale, mean: mean ?? letterboxDefaults.mean, std: std ?? letterboxDefaults.std },
    output: input,
  };
}

/** False when what the decoder gives, 8-bit RGB row by row, is what the model takes. */
export function needsPreprocessor(preprocessing: Preprocessing): boolean {
  const { output, normalization } = preprocessing;
  return normalization !== null || output.dtype !== "uint8" || output.layout !== "NHWC";
}

function fromPreset(name: PresetName, input: TensorSpec): Preprocessing {
  const preset: Preset = presets[name];
  return {
    name,
    geometry: preset.geometry(input),
    normalization: input.dtype === "uint8" ? null : preset.normalization,
    output: input,
  };
}

function cropTo(width: number, height: number, scale: number, filter: "bicubic" | "bilinear"): Geometry {
  return { kind: "crop", shorterSide: Math.round(Math.max(width, height) * scale), width, height, filter };
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

function checkStatistics(preset: PresetName | null, mean: Triple | null, std: Triple | null, input: TensorSpec): void {
  const normalization: Normalization | null = preset === null ? null : presets[preset].normalization;
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
        `preprocess.${key}: the preset ${preset} has ${normalization === null ? `no ${key}` : `[${normalization[key].join(", ")}] after x ${normalization.rescale}`}, found [${found.join(", ")}]`,
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
