/** Enlarging with pixel centres in place, which the resize of libvips shifts by half a pixel. */
import type { ResizeFilter } from "../../contracts/index.js";
import type { Axis } from "./geometry.js";
import type { Sharp } from "./load.js";

/** 8-bit RGB, row by row. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** The part of an axis that is taken from the decoded image: `start` may lie before its first pixel, `size` go beyond its last. */
export interface Span {
  readonly start: number;
  readonly size: number;
}

const interpolators = { bicubic: "bicubic", lanczos3: "bicubic", bilinear: "bilinear", nearest: "nearest" } as const satisfies Record<
  ResizeFilter,
  string
>;

export function enlarges(axis: Axis): boolean {
  return axis.to > axis.from;
}

/** Original pixels that the kept part of an enlarged axis is made of, with the kernel's neighbours. */
export function neededSpan(axis: Axis): Span {
  const factor = axis.to / axis.from;
  const start = Math.floor((axis.cut + 0.5) / factor - 0.5) - 1;
  const end = Math.floor((axis.cut + axis.keep - 0.5) / factor - 0.5) + 3;
  return { start, size: end - start };
}

/** The span's part inside the image. */
export function insideOf(span: Span, axis: Axis): Span {
  const start = Math.max(0, span.start);
  return { start, size: Math.min(axis.from, span.start + span.size) - start };
}

/** Enlarges the axes that need it and keeps what the plan keeps; `raster` holds the inside of the needed spans. */
export async function enlarge(sharp: Sharp, raster: Raster, x: Axis, y: Axis, filter: ResizeFilter): Promise<Raster> {
  const across = stepOf(x);
  const down = stepOf(y);
  const padded = pad(raster, across, down);
  const image = sharp(padded.data, { raw: { width: padded.width, height: padded.height, channels: 3 } });
  const { data, info } = await image
    .affine([across.factor, 0, 0, down.factor], { interpolator: interpolators[filter], odx: across.offset, ody: down.offset })
    .toColourspace("srgb")
    .raw()
    .toBuffer({ resolveWithObject: true });
  return topLeft({ width: info.width, height: info.height, data }, x.keep, y.keep);
}

interface Step {
  readonly factor: number;
  /** Moves the first kept pixel to 0. */
  readonly offset: number;
  /** Pixels to repeat before the first and after the last. */
  readonly before: number;
  readonly after: number;
}

function stepOf(axis: Axis): Step {
  if (!enlarges(axis)) return { factor: 1, offset: 0, before: 0, after: 0 };
  const factor = axis.to / axis.from;
  const span = neededSpan(axis);
  const inside = insideOf(span, axis);
  return {
    factor,
    offset: (factor - 1) / 2 - axis.cut + factor * span.start,
    before: inside.start - span.start,
    after: span.start + span.size - (inside.start + inside.size),
  };
}

/** Repeats the edge, so that nothing outside the image is mixed in. */
function pad(raster: Raster, across: Step, down: Step): Raster {
  const width = across.before + raster.width + across.after;
  const height = down.before + raster.height + down.after;
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const row = clamp(y - down.before, raster.height) * raster.width;
    for (let x = 0; x < width; x++) {
      const from = (row + clamp(x - across.before, raster.width)) * 3;
      data.set(raster.data.subarray(from, from + 3), (y * width + x) * 3);
    }
  }
  return { width, height, data };
}

function clamp(index: number, size: number): number {
  return Math.min(Math.max(index, 0), size - 1);
}

function topLeft(raster: Raster, width: number, height: number): Raster {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const from = y * raster.width * 3;
    data.set(raster.data.subarray(from, from + width * 3), y * width * 3);
  }
  return { width, height, data };
}
