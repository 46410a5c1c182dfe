/** Resizing that is Pillow's to the last bit, for what libvips resizes in another way. */
import type { ResizeFilter } from "../../contracts/index.js";
import type { Axis } from "./geometry.js";

/** 8-bit RGB or greys, row by row. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly data: Uint8Array;
}

/** A part of an axis of the original, in pixels. */
export interface Span {
  readonly start: number;
  readonly size: number;
}

/** What the kept pixels of an axis are made of. */
export interface Taps {
  /** All pixels of the original that are needed. */
  readonly span: Span;
  /** For each kept pixel, the position in the span of the first that it is made of. */
  readonly firsts: Int32Array;
  /** For each kept pixel, of how many it is made. */
  readonly counts: Int32Array;
  /** Their shares, one kept pixel after the other. */
  readonly weights: Int32Array;
}

/** Whole numbers make sums that are rounded where Pillow rounds them; the largest, 255 × 1.3 × 2²², fits into 32 bits. */
const weightBits = 22;

/** How far a kernel reaches, in pixels, and what it weighs at a distance within that. */
const kernels = {
  bilinear: { support: 1, at: (x: number) => 1 - x },
  bicubic: { support: 2, at: (x: number) => (x < 1 ? (1.5 * x - 2.5) * x * x + 1 : ((2.5 - 0.5 * x) * x - 4) * x + 2) },
  lanczos3: { support: 3, at: (x: number) => sinc(x) * sinc(x / 3) },
} as const;

/** Beyond the edge there is nothing: what is there shares the whole weight. */
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

/** `raster` holds the spans of the axes that have taps, and of the others what is kept. */
export function resample({ width, height, channels, data }: Raster, across: Taps | null, down: Taps | null): Raster {
  const wide = across === null ? data : weigh(data, { lines: height, size: width, depth: channels }, across);
  const newWidth = across?.firsts.length ?? width;
  const high = down === null ? wide : weigh(wide, { lines: 1, size: height, depth: newWidth * channels }, down);
  return { width: newWidth, height: down?.firsts.length ?? height, channels, data: high };
}

/** `lines` times `size` pixels of `depth` numbers each become `lines` times as many as there are kept. */
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

/** The pixels that pixel `index` of the resized axis is made of. */
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
