/** Pictures of images for people. */
import type { ImageDecoder, Pictures } from "../../contracts/index.js";
import { comparison } from "./comparison.js";
import { type Converters, decodeMemory, SharpDecoder } from "./decoder.js";
import type { SharpSection } from "./options.js";
import { thumbnail } from "./thumbnail.js";

/**
 * Makes a decoder like `sharpDecoder`, and pictures that share its decode budget and its converters. Pictures show damaged images as far as
 * they can be decoded.
 */
export function sharpDecoding(
  options: Partial<SharpSection> = {},
  converters: Converters = new Map(),
): { readonly decoder: ImageDecoder; readonly pictures: Pictures } {
  const memory = decodeMemory(options);
  const lenient = new SharpDecoder({ ...options, damaged: "keep" }, converters, memory);
  return {
    decoder: new SharpDecoder(options, converters, memory),
    pictures: {
      thumbnail: (image, signal, size) => lenient.draw(image, signal, (sharp, opened) => thumbnail(sharp, opened, size)),
      comparison: (image, seen, signal) => lenient.draw(image, signal, (sharp, opened) => comparison(sharp, opened, seen)),
    },
  };
}
