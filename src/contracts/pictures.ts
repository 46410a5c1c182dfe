/** The interfaces for pictures of images for people, and for what the files of pictures say. */
import type { Encoded, Metadata, Pixels } from "./payloads.js";

/** Both functions throw `image_corrupt`, `image_unsupported` or `image_too_large`, by the limits of the decoder. */
export interface Pictures {
  /** Returns a JPEG of the image that fits into a square of `maxSidePixels`. Default: 320. A smaller image keeps its size. */
  thumbnail(image: Encoded, signal: AbortSignal, options?: { readonly maxSidePixels?: number }): Promise<Uint8Array>;
  /** Returns a PNG of the image next to the pixels that the model gets. */
  comparison(image: Encoded, seen: Omit<Pixels, "original">, signal: AbortSignal): Promise<Uint8Array>;
}

/** Reads the metadata that the file of an image contains. */
export interface FileDescriber {
  /** Never throws: what cannot be read, or cannot be true, is left out. Looks at headers only, because it is called for each image. */
  describe(file: Uint8Array): Metadata;
}
