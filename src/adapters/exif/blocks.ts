/** Finds the blocks of metadata in the file of a picture. Looks only at headers, and reads nothing outside the file. */
import { boxBlocks } from "./boxes.js";
import { Bytes } from "./bytes.js";
import type { Blocks } from "./found-blocks.js";
import { jpegBlocks } from "./jpeg.js";
import { pngBlocks } from "./png.js";

/** Returns the blocks of a JPEG, PNG, WebP, TIFF, HEIC, AVIF or JPEG XL. Other files have none. */
export function blocksOf(file: Uint8Array): Blocks {
  const bytes = new Bytes(file);
  if (bytes.uint16(0) === 0xffd8) return jpegBlocks(bytes);
  const start = bytes.latin1(0, 12);
  if (start.startsWith("\x89PNG")) return pngBlocks(bytes);
  if (start.startsWith("RIFF") && start.endsWith("WEBP")) return webpBlocks(bytes);
  if (start.startsWith("II*\0") || start.startsWith("MM\0*")) return { exif: bytes };
  if (start.slice(4, 8) === "ftyp" || start.slice(4, 8) === "JXL ") return boxBlocks(bytes);
  return {};
}

const maxChunks = 1_000;
const chunkNames: Readonly<Record<string, "exif" | "xmp">> = { EXIF: "exif", "XMP ": "xmp" };

function webpBlocks(bytes: Bytes): Blocks {
  const found: { exif?: Bytes; xmp?: Bytes } = {};
  for (let at = 12, chunks = 0; at + 8 <= bytes.length && chunks < maxChunks; chunks += 1) {
    const size = bytes.uint32(at + 4, "little");
    const name = chunkNames[bytes.latin1(at, 4)];
    if (name !== undefined) found[name] ??= bytes.part(at + 8, size);
    at += 8 + size + (size % 2);
  }
  return found;
}
