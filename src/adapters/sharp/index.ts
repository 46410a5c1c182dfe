/** Decoding with sharp (libvips). */
export { type DecoderOptions, sharpDecoder } from "./decoder.js";
export { thumbnail } from "./thumbnail.js";
