import type { Encoded } from "../../contracts/index.js";
import { fromDecodeError } from "./errors.js";
import { loadSharp } from "./load.js";

const maxSidePixels = 320;

/** Returns the upright image as a JPEG of at most 320 × 320 pixels. Throws `image_corrupt` or `image_unsupported`. */
export async function thumbnail(image: Encoded): Promise<Uint8Array> {
  const sharp = await loadSharp();
  try {
    return await sharp(image.bytes, { failOn: "none" })
      .rotate()
      .resize({ width: maxSidePixels, height: maxSidePixels, fit: "inside", withoutEnlargement: true })
      .flatten({ background: "#ffffff" })
      .jpeg({ quality: 82 })
      .toBuffer();
  } catch (error) {
    throw fromDecodeError(error, image.bytes);
  }
}
