/** Makes small pictures of images for people. */
import type { Opened } from "./decoder.js";
import type { Sharp } from "./load.js";

const maxSidePixels = 320;

/** Returns the upright image as a JPEG of at most 320 × 320 pixels. */
export function thumbnail(sharp: Sharp, { bytes, input }: Opened): Promise<Uint8Array> {
  return sharp(bytes, input)
    .autoOrient()
    .resize({ width: maxSidePixels, height: maxSidePixels, fit: "inside", withoutEnlargement: true })
    .flatten({ background: "#ffffff" })
    .jpeg({ quality: 82 })
    .toBuffer();
}
