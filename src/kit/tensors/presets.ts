/** Presets: named preprocessing settings for well-known models. */
import type { CropRounding, Geometry, Normalization } from "../../contracts/index.js";

export interface Preset {
  /** The name of the preset in passports and messages. */
  readonly name: string;
  /** Returns the resize method for a model whose input has this size in pixels. */
  readonly geometry: (size: { readonly width: number; readonly height: number }) => Geometry;
  /** The normalisation for models with float input. Models with uint8 input normalise the pixels themselves. */
  readonly normalization: Normalization | null;
}

export type PresetName = "efficientnet-lite" | "imagenet" | "clip" | "siglip" | "dinov2" | "none";

/** For a model with an input of 224 pixels, images are resized to 256 pixels and then cropped. Other input sizes use the same ratio. */
const cropScale = 256 / 224;
/** The values of torchvision. The Python service EmbeddingTrident uses the same values by default. */
export const imagenetNormalization: Normalization = { rescale: 1 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

const presets: Readonly<Record<PresetName, Omit<Preset, "name">>> = {
  /** EfficientNet-Lite: resize to 256 pixels, crop to 224, scale values to about −1 to 1. */
  "efficientnet-lite": {
    geometry: ({ width, height }) => cropTo({ width, height }, cropScale, "bicubic", "nearest"),
    normalization: { rescale: 1, mean: [127, 127, 127], std: [128, 128, 128] },
  },
  /** The image classifiers of torchvision: resize to 256 pixels, crop to 224. */
  imagenet: {
    geometry: ({ width, height }) => cropTo({ width, height }, cropScale, "bilinear", "torchvision"),
    normalization: imagenetNormalization,
  },
  /** CLIP, as in transformers: resize the shorter side to the input size of the model, then crop. */
  clip: {
    geometry: ({ width, height }) => cropTo({ width, height }, 1, "bicubic", "down"),
    normalization: {
      rescale: 1 / 255,
      mean: [0.48145466, 0.4578275, 0.40821073],
      std: [0.26862954, 0.26130258, 0.27577711],
    },
  },
  /** SigLIP and SigLIP 2: stretch to the input size of the model, scale values to −1 to 1. */
  siglip: {
    geometry: ({ width, height }) => ({ kind: "squash", width, height, filter: "bicubic" }),
    normalization: { rescale: 1 / 255, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
  },
  /** DINOv2, as in transformers: like `imagenet`, but with bicubic resampling. */
  dinov2: {
    geometry: ({ width, height }) => cropTo({ width, height }, cropScale, "bicubic", "down"),
    normalization: imagenetNormalization,
  },
  /** For models that normalise the pixels themselves: stretch to the input size of the model, keep values 0 to 255. */
  none: {
    geometry: ({ width, height }) => ({ kind: "squash", width, height, filter: "bicubic" }),
    normalization: null,
  },
};

export const presetNames = Object.keys(presets) as readonly PresetName[];

export function presetNamed(name: PresetName): Preset {
  return { name, ...presets[name] };
}

function cropTo(
  { width, height }: { readonly width: number; readonly height: number },
  scale: number,
  filter: "bicubic" | "bilinear",
  rounding: CropRounding,
): Geometry {
  return { kind: "crop", shorterSide: Math.round(Math.max(width, height) * scale), width, height, filter, rounding };
}
