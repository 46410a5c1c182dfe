/** Preprocessing as data: the steps from a decoded image to the tensor of a model. */
import type { TensorSpec } from "./payloads.js";

/** The resampling kernel. It is antialiased when an image shrinks. */
export type ResizeFilter = "bicubic" | "bilinear" | "lanczos3" | "nearest";

/** How an image of any size becomes `width × height` pixels. */
export type Geometry =
  /** Stretch to the size, whatever the aspect ratio. */
  | { readonly kind: "squash"; readonly width: number; readonly height: number; readonly filter: ResizeFilter }
  /** Resize so that the shorter side has `shorterSide` pixels, then cut out the centre. */
  | { readonly kind: "crop"; readonly shorterSide: number; readonly width: number; readonly height: number; readonly filter: ResizeFilter }
  /** Resize to fit inside, then pad both sides evenly with the 8-bit RGB colour `fill`. */
  | {
      readonly kind: "letterbox";
      readonly width: number;
      readonly height: number;
      readonly fill: readonly [number, number, number];
      readonly filter: ResizeFilter;
    };

/** Maps 8-bit values to `(value × rescale − mean) / std`, per channel: red, green, blue. */
export interface Normalization {
  readonly rescale: number;
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

/** All steps from the decoded image to the tensor of the model. */
export interface Preprocessing {
  /** A label for people. Passports compare results, not names. */
  readonly name: string;
  readonly geometry: Geometry;
  /** null when the model normalises its input itself. */
  readonly normalization: Normalization | null;
  readonly output: TensorSpec;
}
