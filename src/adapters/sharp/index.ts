/** Decoding with sharp (libvips). */
export { comparison } from "./comparison.js";
export { type DecoderOptions, sharpDecoder } from "./decoder.js";
export { thumbnail } from "./thumbnail.js";
