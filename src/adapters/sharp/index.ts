/** Decoding with sharp (libvips). */
export { type DecoderOptions, sharpDecoder } from "./decoder.js";
export { type SharpOptions, sharpOptions } from "./options.js";
export { thumbnail } from "./thumbnail.js";
