/** A description of the preprocessing: the steps from a decoded image to the tensor of a model. */
import type { TensorSpec } from "./payloads.js";

/** The kernel that resamples pixels. Shrinking an image uses antialiasing. */
export type ResizeFilter = "bicubic" | "bilinear" | "lanczos3" | "nearest";

/**
 * How the length of the other side, and the place of the cut, become whole pixels. "nearest", the default: the nearest pixel, and the cut down.
 * "down", as in transformers: both down. "torchvision", as there and in open_clip: the length down, and the cut to the nearest pixel, halves to
 * the even one.
 */
export type CropRounding = "nearest" | "down" | "torchvision";

/** The method that resizes an image of any size to `width × height` pixels. */
export type Geometry =
  /** Stretch the image to this size. The aspect ratio may change. */
  | { readonly kind: "squash"; readonly width: number; readonly height: number; readonly filter: ResizeFilter }
  /** Resize the image so that its shorter side has `shorterSide` pixels. Then cut out `width × height` pixels at the centre. */
  | {
      readonly kind: "crop";
      readonly shorterSide: number;
      readonly width: number;
      readonly height: number;
      readonly filter: ResizeFilter;
      readonly rounding?: CropRounding;
    }
  /** Resize the image to fit into this size, without distortion. Then pad opposite sides equally with the 8-bit RGB colour `fill`. */
  | {
      readonly kind: "letterbox";
      readonly width: number;
      readonly height: number;
      readonly fill: readonly [number, number, number];
      readonly filter: ResizeFilter;
    };

/** Converts each 8-bit value to `(value × rescale − mean) / std`. `mean` and `std` have one number per channel: red, green, blue. */
export interface Normalization {
  readonly rescale: number;
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

/** All steps from the decoded image to the tensor of the model. */
export interface Preprocessing {
  /** A name to show to users. The name plays no role when two passports are compared. */
  readonly name: string;
  readonly geometry: Geometry;
  /** null if the model normalises its input itself. */
  readonly normalization: Normalization | null;
  readonly output: TensorSpec;
}
