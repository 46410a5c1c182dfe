/** Reads the header of a BMP file. */
import { bmpCorrupt, bmpUnsupported } from "./errors.js";

export interface BmpHeader {
  readonly width: number;
  readonly height: number;
  /** True if the first row of the file is the top row of the image. */
  readonly isTopDown: boolean;
  readonly bitsPerPixel: 1 | 4 | 8 | 16 | 24 | 32;
  readonly compression: "none" | "rle";
  /** Bit masks of red, green, blue and alpha, for 16 and 32 bits per pixel. A mask of 0: the channel is absent. */
  readonly masks: readonly [number, number, number, number];
  /** Colours of pixel values, as blue, green, red. Empty for 16 bits per pixel and more. */
  readonly palette: readonly (readonly [number, number, number])[];
  /** Where the pixels begin. */
  readonly pixelsAt: number;
}

const fileHeaderBytes = 14;
const coreHeaderBytes = 12;
const compressions = { none: 0, rle8: 1, rle4: 2, masks: 3, alphaMasks: 6 } as const;
const masks555 = [0x7c00, 0x03e0, 0x001f, 0] as const;
const masks888 = [0xff0000, 0x00ff00, 0x0000ff, 0] as const;

/** Throws `image_corrupt` or `image_unsupported`. */
export function bmpHeader(bytes: Uint8Array): BmpHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.byteLength < fileHeaderBytes + coreHeaderBytes) throw bmpCorrupt("a header", `${bytes.byteLength} bytes`);
  const headerBytes = view.getUint32(fileHeaderBytes, true);
  const isCore = headerBytes === coreHeaderBytes;
  if (!isCore && (headerBytes < 40 || headerBytes > 124)) throw bmpUnsupported("a header of 12 or 40 to 124 bytes", `${headerBytes}`);
  if (bytes.byteLength < fileHeaderBytes + headerBytes) throw bmpCorrupt("a whole header", `${bytes.byteLength} bytes`);
  const width = isCore ? view.getUint16(18, true) : view.getInt32(18, true);
  const signedHeight = isCore ? view.getUint16(20, true) : view.getInt32(22, true);
  const bitsPerPixel = view.getUint16(isCore ? 24 : 28, true);
  const compression = isCore ? 0 : view.getUint32(30, true);
  const height = Math.abs(signedHeight);
  if (width <= 0 || height === 0) throw bmpCorrupt("a size", `${width} × ${signedHeight}`);
  if (!isBits(bitsPerPixel)) throw bmpUnsupported("1, 4, 8, 16, 24 or 32 bits per pixel", `${bitsPerPixel}`);
  const isRle = (compression === compressions.rle8 && bitsPerPixel === 8) || (compression === compressions.rle4 && bitsPerPixel === 4);
  const isMasked = compression === compressions.masks || compression === compressions.alphaMasks;
  if (compression !== compressions.none && !isRle && !isMasked) throw bmpUnsupported("no compression, RLE or bit masks", `${compression}`);
  const colours = isCore ? 0 : view.getUint32(46, true);
  const extraBytes = headerBytes === 40 && isMasked ? (compression === compressions.alphaMasks ? 16 : 12) : 0;
  return {
    width,
    height,
    isTopDown: signedHeight < 0,
    bitsPerPixel,
    compression: isRle ? "rle" : "none",
    masks: isMasked ? masksOf(view, headerBytes + extraBytes) : bitsPerPixel === 16 ? masks555 : masks888,
    palette:
      bitsPerPixel > 8 ? [] : paletteOf(bytes, fileHeaderBytes + headerBytes + extraBytes, isCore ? 3 : 4, colours || 2 ** bitsPerPixel),
    pixelsAt: view.getUint32(10, true),
  };
}

function isBits(bits: number): bits is BmpHeader["bitsPerPixel"] {
  return [1, 4, 8, 16, 24, 32].includes(bits);
}

function masksOf(view: DataView, availableBytes: number): BmpHeader["masks"] {
  const mask = (index: number): number => {
    const at = 40 + index * 4;
    return at + 4 <= availableBytes && fileHeaderBytes + at + 4 <= view.byteLength ? view.getUint32(fileHeaderBytes + at, true) : 0;
  };
  return [mask(0), mask(1), mask(2), mask(3)];
}

function paletteOf(bytes: Uint8Array, at: number, entryBytes: number, colours: number): BmpHeader["palette"] {
  return Array.from({ length: Math.min(colours, 256) }, (_, index) => {
    const entry = at + index * entryBytes;
    return [bytes[entry] ?? 0, bytes[entry + 1] ?? 0, bytes[entry + 2] ?? 0] as const;
  });
}
