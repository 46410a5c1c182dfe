/** Presets: named ways to prepare an image for a model. */
import type { Geometry, Normalization } from "../contracts/index.js";

export interface Preset {
  /** Shown in labels and messages. */
  readonly name: string;
  /** The geometry for a model whose input has this size in pixels. */
  readonly geometry: (size: { readonly width: number; readonly height: number }) => Geometry;
  /** For models with float input. A model with uint8 input normalises by itself. */
  readonly normalization: Normalization | null;
}

export type PresetName = "efficientnet-lite" | "imagenet" | "clip" | "siglip" | "dinov2" | "none";

/** Resize to 256, then crop 224. */
const cropScale = 256 / 224;
/** torchvision's values. The Python service EmbeddingTrident uses them as default. */
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
  /** OpenAI's CLIP and OpenCLIP: resize the shorter side to the model's size, then crop. */
  clip: {
    geometry: ({ width, height }) => cropTo(width, height, 1, "bicubic"),
    normalization: {
      rescale: 1 / 255,
      mean: [0.48145466, 0.4578275, 0.40821073],
      std: [0.26862954, 0.26130258, 0.27577711],
    },
  },
  /** SigLIP and SigLIP 2: squash to the model's size, values −1 to 1. */
  siglip: {
    geometry: ({ width, height }) => ({ kind: "squash", width, height, filter: "bicubic" }),
    normalization: { rescale: 1 / 255, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
  },
  /** DINOv2: like `imagenet`, but bicubic. */
  dinov2: {
    geometry: ({ width, height }) => cropTo(width, height, cropScale, "bicubic"),
    normalization: imagenetNormalization,
  },
  /** Squash to the model's size, values 0 to 255. For models that normalise by themselves. */
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
