/** Makes small pictures of images for people. */
import type { Opened } from "./decoder.js";
import type { Sharp } from "./load.js";

const defaultSidePixels = 320;

export interface ThumbnailSize {
  /** Default: 320. */
  readonly maxSidePixels?: number;
}

/** Returns the upright image as a JPEG that fits into a square. */
export function thumbnail(
  sharp: Sharp,
  { bytes, input }: Opened,
  { maxSidePixels = defaultSidePixels }: ThumbnailSize = {},
): Promise<Uint8Array> {
  return sharp(bytes, input)
    .autoOrient()
    .resize({ width: maxSidePixels, height: maxSidePixels, fit: "inside", withoutEnlargement: true })
    .flatten({ background: "#ffffff" })
    .jpeg({ quality: 82 })
    .toBuffer();
}
