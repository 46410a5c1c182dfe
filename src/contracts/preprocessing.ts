/** Preprocessing as data: what is done to an image before a model sees it. */
import type { TensorSpec } from "./payloads.js";

/** The resampling kernel, antialiased when it shrinks. */
export type ResizeFilter = "bicubic" | "bilinear" | "lanczos3" | "nearest";

/** How an image of any size becomes `width × height` pixels. */
export type Geometry =
  | { readonly kind: "squash"; readonly width: number; readonly height: number; readonly filter: ResizeFilter }
  /** Resize so that the shorter side is `shorterSide`, then cut out the centre. */
  | { readonly kind: "crop"; readonly shorterSide: number; readonly width: number; readonly height: number; readonly filter: ResizeFilter }
  /** Fit inside and pad evenly with `fill`, 8-bit RGB. */
  | {
      readonly kind: "letterbox";
      readonly width: number;
      readonly height: number;
      readonly fill: readonly [number, number, number];
      readonly filter: ResizeFilter;
    };

/** `(value × rescale − mean) / std`, channel by channel, on 8-bit values. */
export interface Normalization {
  readonly rescale: number;
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

/** From the decoded image to the model's tensor. */
export interface Preprocessing {
  /** A label for people; passports compare what it does, not what it is called. */
  readonly name: string;
  readonly geometry: Geometry;
  /** Null when the model normalises by itself. */
  readonly normalization: Normalization | null;
  readonly output: TensorSpec;
}
