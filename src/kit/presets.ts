/** Named ways to prepare an image for a model, as data. */
import type { Geometry, Normalization } from "../contracts/index.js";

export interface Preset {
  /** For people. */
  readonly name: string;
  /** For a model that takes images of that size, in pixels. */
  readonly geometry: (size: { readonly width: number; readonly height: number }) => Geometry;
  /** What a model that takes floats expects; one that takes uint8 does this inside. */
  readonly normalization: Normalization | null;
}

export type PresetName = "efficientnet-lite" | "imagenet" | "clip" | "siglip" | "dinov2" | "none";

/** The share of the resized image that a crop of 224 out of 256 keeps. */
const cropScale = 256 / 224;
/** torchvision's; the Python service EmbeddingTrident fills it in where its file says nothing. */
export const imagenetNormalization: Normalization = { rescale: 1 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

const presets: Readonly<Record<PresetName, Omit<Preset, "name">>> = {
  /** EfficientNet-Lite: crop 224 out of 256, values about −1 to 1. */
  "efficientnet-lite": {
    geometry: ({ width, height }) => cropTo(width, height, cropScale, "bicubic"),
    normalization: { rescale: 1, mean: [127, 127, 127], std: [128, 128, 128] },
  },
  /** torchvision's classifiers: crop 224 out of 256. */
  imagenet: {
    geometry: ({ width, height }) => cropTo(width, height, cropScale, "bilinear"),
    normalization: imagenetNormalization,
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
  /** DINOv2: as `imagenet`, but bicubic. */
  dinov2: {
    geometry: ({ width, height }) => cropTo(width, height, cropScale, "bicubic"),
    normalization: imagenetNormalization,
  },
  /** Squashed to the model's size, values 0 to 255 as they are: for models that do the rest inside. */
  none: {
    geometry: ({ width, height }) => ({ kind: "squash", width, height, filter: "bicubic" }),
    normalization: null,
  },
};

export const presetNames = Object.keys(presets) as readonly PresetName[];

export function presetNamed(name: PresetName): Preset {
  return { name, ...presets[name] };
}

function cropTo(width: number, height: number, scale: number, filter: "bicubic" | "bilinear"): Geometry {
  return { kind: "crop", shorterSide: Math.round(Math.max(width, height) * scale), width, height, filter };
}
