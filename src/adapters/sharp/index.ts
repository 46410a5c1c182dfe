/** Decoding with sharp (libvips). */
export { comparison } from "./comparison.js";
export { sharpDecoder } from "./decoder.js";
export { type SharpSection, sharpSection } from "./options.js";
export { thumbnail } from "./thumbnail.js";
