/** Decompresses a block of metadata. */
import { brotliDecompressSync, inflateSync } from "node:zlib";
import { Bytes } from "./bytes.js";

/** Larger blocks are left out. They contain histories of editing or thumbnails. */
const maxOutputLength = 1_048_576;

/** Returns undefined if the block is damaged, or larger than a mebibyte. */
export function inflated(block: Bytes, form: "zlib" | "brotli"): Bytes | undefined {
  try {
    return new Bytes((form === "zlib" ? inflateSync : brotliDecompressSync)(block.data, { maxOutputLength }));
  } catch {
    // What cannot be read is left out: the picture itself may be whole.
    return undefined;
  }
}
