/** Resizes images with exactly the same results as Pillow. The decoder uses this code where libvips gives other results. */
import type { ResizeFilter } from "../../contracts/index.js";
import type { Axis } from "./geometry.js";

/** The pixels of an image, row by row, as 8-bit RGB or 8-bit grey. */
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

/** For each kept pixel of a resized axis: the source pixels that it is computed from, and their weights. */
export interface Taps {
  /** The pixels of the original axis that the kept pixels are computed from. */
  readonly span: Span;
  /** For each kept pixel, the position of its first source pixel within `span`. */
  readonly firsts: Int32Array;
  /** For each kept pixel, the number of its source pixels. */
  readonly counts: Int32Array;
  /** The weights of the source pixels: first all weights for the first kept pixel, then all for the second, and so on. */
  readonly weights: Int32Array;
}

/**
 * Weights are whole numbers with this many bits after the binary point, so that sums are rounded exactly as in Pillow. The largest sum,
 * 255 × 1.3 × 2²², fits into 32 bits.
 */
const weightBits = 22;

/** The resize filters. `support`: the radius in pixels. `at`: the weight of a source pixel at a given distance. */
const kernels = {
  bilinear: { support: 1, at: (x: number) => 1 - x },
  bicubic: { support: 2, at: (x: number) => (x < 1 ? (1.5 * x - 2.5) * x * x + 1 : ((2.5 - 0.5 * x) * x - 4) * x + 2) },
  lanczos3: { support: 3, at: (x: number) => sinc(x) * sinc(x / 3) },
} as const;

/** Computes the source pixels and weights of an axis. At the edges, only pixels inside the image count, and their weights add up to 1. */
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

/**
 * Resizes a raster. `across`: the taps of the width. `down`: the taps of the height. Null: do not resize this axis. Along an axis with
 * taps, the raster must contain exactly the pixels of the taps' `span`.
 */
export function resample({ width, height, channels, data }: Raster, across: Taps | null, down: Taps | null): Raster {
  const wide = across === null ? data : weigh(data, { lines: height, size: width, depth: channels }, across);
  const newWidth = across?.firsts.length ?? width;
  const high = down === null ? wide : weigh(wide, { lines: 1, size: height, depth: newWidth * channels }, down);
  return { width: newWidth, height: down?.firsts.length ?? height, channels, data: high };
}

/** Resizes `lines` lines of `size` pixels each. A pixel has `depth` numbers. */
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

/** Returns the source pixels of the pixel at `index` of the resized axis, and the share of each source pixel. */
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
