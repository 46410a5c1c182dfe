/** Small pictures for people, not for models. */
import type { Encoded } from "../../contracts/index.js";
import { fromDecodeError } from "./errors.js";
import { loadSharp } from "./load.js";

/** The longer side, in pixels. */
const maxSide = 320;

/** The image as a JPEG of at most 320 pixels a side, upright. Throws `image_corrupt`, `image_unsupported`. */
export async function thumbnail(image: Encoded): Promise<Uint8Array> {
  const sharp = await loadSharp();
  try {
    return await sharp(image.bytes)
      .rotate()
      .resize({ width: maxSide, height: maxSide, fit: "inside", withoutEnlargement: true })
      .flatten({ background: "#ffffff" })
      .jpeg({ quality: 82 })
      .toBuffer();
  } catch (error) {
    throw fromDecodeError(error, image.bytes);
  }
}
