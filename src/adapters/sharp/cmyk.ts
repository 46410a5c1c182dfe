/** Pixels of four cmyk, of which nothing says what their colours are. */
import type { Sharp as Pipeline } from "sharp";
import type { Sharp } from "./load.js";

/** Calculates red as what cyan and black let through, as Pillow does, where libvips would take a certain press for granted. */
export async function cmykToRgb(sharp: Sharp, cmyk: Pipeline): Promise<Pipeline> {
  const raw = cmyk.pipelineColourspace("cmyk").toColourspace("cmyk").raw();
  const { data, info } = await raw.toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const pixels = width * height;
  // In place: a pixel's three numbers lie before its four.
  for (let pixel = 0, from = 0, to = 0; pixel < pixels; pixel += 1, from += 4, to += 3) {
    const light = 255 - data[from + 3]!;
    data[to] = product(255 - data[from]!, light);
    data[to + 1] = product(255 - data[from + 1]!, light);
    data[to + 2] = product(255 - data[from + 2]!, light);
  }
  return sharp(data.subarray(0, pixels * 3), { raw: { width, height, channels: 3 } });
}

/** Multiplies two values that stand for 0 to 1 as 0 to 255. */
function product(a: number, b: number): number {
  return Math.round((a * b) / 255);
}
