/** Decoding with sharp (libvips). */
export { sharpDecoder } from "./decoder.js";
export { type SharpSection, sharpSection } from "./options.js";
export { sharpDecoding } from "./pictures.js";
