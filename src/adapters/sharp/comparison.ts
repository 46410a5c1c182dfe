/** One picture with the original image next to what the model sees of it. */
import type { Encoded, Pixels } from "../../contracts/index.js";
import { fromDecodeError } from "./errors.js";
import { loadSharp } from "./load.js";

const gapPixels = 8;
/** Maximum width of the original, relative to the height of the picture. */
const maxAspect = 4;
const white = "#ffffff";

/** A PNG with the height of `seen`: the upright original on the left, `seen` on the right. Throws `image_corrupt`, `image_unsupported`. */
export async function comparison(image: Encoded, seen: Omit<Pixels, "original">): Promise<Uint8Array> {
  const sharp = await loadSharp();
  const { width, height, data } = seen;
  try {
    const original = await sharp(image.bytes)
      .autoOrient()
      .resize({ width: height * maxAspect, height, fit: "inside" })
      .flatten({ background: white })
      .toColourspace("srgb")
      .png()
      .toBuffer({ resolveWithObject: true });
    const left = original.info.width + gapPixels;
    return await sharp({ create: { width: left + width, height, channels: 3, background: white } })
      .composite([
        { input: original.data, left: 0, top: Math.floor((height - original.info.height) / 2) },
        { input: Buffer.from(data), raw: { width, height, channels: 3 }, left, top: 0 },
      ])
      .removeAlpha()
      .png()
      .toBuffer();
  } catch (error) {
    throw fromDecodeError(error, image.bytes);
  }
}
