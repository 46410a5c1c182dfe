/** The interface for pictures of images for people. */
import type { Encoded, Pixels } from "./payloads.js";

/** Both functions throw `image_corrupt`, `image_unsupported` or `image_too_large`, by the limits of the decoder. */
export interface Pictures {
  /** Returns a JPEG of the image that fits into a square of `maxSidePixels`. Default: 320. A smaller image keeps its size. */
  thumbnail(image: Encoded, signal: AbortSignal, options?: { readonly maxSidePixels?: number }): Promise<Uint8Array>;
  /** Returns a PNG of the image next to the pixels that the model gets. */
  comparison(image: Encoded, seen: Omit<Pixels, "original">, signal: AbortSignal): Promise<Uint8Array>;
}
