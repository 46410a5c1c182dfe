/** Converts CMYK images without a colour profile. */
import type { Sharp as Pipeline } from "sharp";
import type { Sharp } from "./load.js";

/**
 * Computes red as (255 − cyan) × (255 − black) / 255, and green and blue in the same way, like Pillow. libvips would instead assume the
 * colour profile of a printing press.
 */
export async function cmykToRgb(sharp: Sharp, cmyk: Pipeline): Promise<Pipeline> {
  const raw = cmyk.pipelineColourspace("cmyk").toColourspace("cmyk").raw();
  const { data, info } = await raw.toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const pixels = width * height;
  // The result overwrites the input: a pixel has four numbers in the input and three in the result, so no unread number is overwritten.
  for (let pixel = 0, from = 0, to = 0; pixel < pixels; pixel += 1, from += 4, to += 3) {
    const light = 255 - data[from + 3]!;
    data[to] = product(255 - data[from]!, light);
    data[to + 1] = product(255 - data[from + 1]!, light);
    data[to + 2] = product(255 - data[from + 2]!, light);
  }
  return sharp(data.subarray(0, pixels * 3), { raw: { width, height, channels: 3 } });
}

/** Multiplies two numbers from 0 to 255 that stand for fractions from 0 to 1. */
function product(a: number, b: number): number {
  return Math.round((a * b) / 255);
}
