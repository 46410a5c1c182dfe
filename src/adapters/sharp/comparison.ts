/** Makes a picture that shows the original image next to the pixels that the model gets. */
import type { Pixels } from "../../contracts/index.js";
import type { Opened } from "./decoder.js";
import type { Sharp } from "./load.js";

const gapPixels = 8;
/** The original image is at most this many times as wide as the picture is high. */
const maxAspect = 4;
const white = "#ffffff";

/** Returns a PNG with the upright original on the left and `seen`, the model's input, on the right. The PNG has the height of `seen`. */
export async function comparison(sharp: Sharp, { bytes, input }: Opened, seen: Omit<Pixels, "original">): Promise<Uint8Array> {
  const { width, height, data } = seen;
  const original = await sharp(bytes, input)
    .autoOrient()
    .resize({ width: height * maxAspect, height, fit: "inside" })
    .flatten({ background: white })
    .toColourspace("srgb")
    .png()
    .toBuffer({ resolveWithObject: true });
  const left = original.info.width + gapPixels;
  return sharp({ create: { width: left + width, height, channels: 3, background: white } })
    .composite([
      { input: original.data, left: 0, top: Math.floor((height - original.info.height) / 2) },
      { input: Buffer.from(data), raw: { width, height, channels: 3 }, left, top: 0 },
    ])
    .removeAlpha()
    .png()
    .toBuffer();
}
