/** The interface for pictures of images for people. */
import type { Encoded, Pixels } from "./payloads.js";

/** Both functions throw `image_corrupt`, `image_unsupported` or `image_too_large`, by the limits of the decoder. */
export interface Pictures {
  /** Returns a small JPEG of the image. */
  thumbnail(image: Encoded, signal: AbortSignal): Promise<Uint8Array>;
  /** Returns a PNG of the image next to the pixels that the model gets. */
  comparison(image: Encoded, seen: Omit<Pixels, "original">, signal: AbortSignal): Promise<Uint8Array>;
}
