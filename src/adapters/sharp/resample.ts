/** Resizing that is bit-identical to Pillow. Used where libvips gives different results. */
import type { ResizeFilter } from "../../contracts/index.js";
import type { Axis } from "./geometry.js";

/** 8-bit RGB or grey, row by row. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly data: Uint8Array;
}

export interface Span {
  readonly start: number;
  readonly size: number;
}

/** The source pixels and weights for each kept pixel of an axis. */
export interface Taps {
  /** The part of the original axis that is needed, in pixels. */
  readonly span: Span;
  /** Per kept pixel: position of its first source pixel in the span. */
  readonly firsts: Int32Array;
  /** Per kept pixel: number of its source pixels. */
  readonly counts: Int32Array;
  /** Weights of the source pixels of all kept pixels, in order. */
  readonly weights: Int32Array;
}

/** Fixed-point weights, so that sums are rounded exactly as in Pillow. The largest sum, 255 × 1.3 × 2²², fits into 32 bits. */
const weightBits = 22;

/** Filter kernels: their radius in pixels, and their weight at a distance. */
const kernels = {
  bilinear: { support: 1, at: (x: number) => 1 - x },
  bicubic: { support: 2, at: (x: number) => (x < 1 ? (1.5 * x - 2.5) * x * x + 1 : ((2.5 - 0.5 * x) * x - 4) * x + 2) },
  lanczos3: { support: 3, at: (x: number) => sinc(x) * sinc(x / 3) },
} as const;

/** Weights at the edge are normalised over the pixels inside the image. */
export function tapsOf(axis: Axis, filter: ResizeFilter): Taps {
  const parts = Array.from({ length: axis.keep }, (_, index) => partsOf(axis, axis.cut + index, filter));
  const start = parts.reduce((least, { first }) => Math.min(least, first), axis.from);
  const end = parts.reduce((most, { first, shares }) => Math.max(most, first + shares.length), 0);
  return {
    span: { start, size: end - start },
    firsts: Int32Array.from(parts, ({ first }) => first - start),
    counts: Int32Array.from(parts, ({ shares }) => shares.length),
    weights: Int32Array.from(
      parts.flatMap(({ shares }) => shares),
      (share) => Math.sign(share) * Math.floor(Math.abs(share) * 2 ** weightBits + 0.5),
    ),
  };
}

/** An axis without taps (null) keeps its size. `raster` contains the span of each axis with taps, and the kept pixels of the other. */
export function resample({ width, height, channels, data }: Raster, across: Taps | null, down: Taps | null): Raster {
  const wide = across === null ? data : weigh(data, { lines: height, size: width, depth: channels }, across);
  const newWidth = across?.firsts.length ?? width;
  const high = down === null ? wide : weigh(wide, { lines: 1, size: height, depth: newWidth * channels }, down);
  return { width: newWidth, height: down?.firsts.length ?? height, channels, data: high };
}

/** Resizes each of `lines` lines from `size` pixels to the kept pixels. A pixel has `depth` numbers. */
function weigh(data: Uint8Array, { lines, size, depth }: Record<"lines" | "size" | "depth", number>, taps: Taps): Uint8Array {
  const { firsts, counts, weights } = taps;
  const result = new Uint8ClampedArray(lines * firsts.length * depth);
  for (let line = 0, to = 0; line < lines; line += 1) {
    for (let kept = 0, at = 0; kept < firsts.length; at += counts[kept]!, kept += 1) {
      const from = (line * size + firsts[kept]!) * depth;
      const end = at + counts[kept]!;
      for (let position = from; position < from + depth; position += 1) {
        let sum = 1 << (weightBits - 1);
        for (let tap = at, source = position; tap < end; tap += 1, source += depth) sum += Math.imul(weights[tap]!, data[source]!);
        result[to++] = sum >> weightBits;
      }
    }
  }
  return new Uint8Array(result.buffer);
}

/** The source pixels of pixel `index` of the resized axis, with their shares. */
function partsOf({ from, to }: Axis, index: number, filter: ResizeFilter): { readonly first: number; readonly shares: readonly number[] } {
  const centre = ((index + 0.5) * from) / to;
  if (filter === "nearest") return { first: Math.floor(centre), shares: [1] };
  const { support, at } = kernels[filter];
  const stretch = Math.max(from / to, 1);
  const first = Math.max(0, Math.trunc(centre - support * stretch + 0.5));
  const end = Math.min(from, Math.trunc(centre + support * stretch + 0.5));
  const shares = Array.from({ length: end - first }, (_, tap) => {
    const distance = Math.abs(first + tap + 0.5 - centre) / stretch;
    return distance < support ? at(distance) : 0;
  });
  const sum = shares.reduce((total, share) => total + share, 0);
  return { first, shares: shares.map((share) => share / sum) };
}

const sinc = (x: number) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
