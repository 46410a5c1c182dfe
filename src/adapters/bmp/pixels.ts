/** Decodes the pixels of a BMP file. Missing pixels are zeros. */
import type { BmpHeader } from "./header.js";
import { rleIndexes } from "./rle.js";

export interface BmpPixels {
  readonly channels: 3 | 4;
  /** Rows from top to bottom: red, green, blue and, with four channels, alpha. */
  readonly data: Uint8Array;
  /** False if the file ends before the last pixel. */
  readonly isWhole: boolean;
}

export function bmpPixels(bytes: Uint8Array, header: BmpHeader): BmpPixels {
  const { width, height, isTopDown, bitsPerPixel, compression } = header;
  const encoded = bytes.subarray(header.pixelsAt);
  if (compression === "rle") {
    const { indexes, isWhole } = rleIndexes(encoded, header);
    return { ...indexed(header, (x, row) => indexes[row * width + x] ?? 0), isWhole };
  }
  const rowBytes = Math.ceil((width * bitsPerPixel) / 32) * 4;
  const neededBytes = rowBytes * (height - 1) + Math.ceil((width * bitsPerPixel) / 8);
  const isWhole = encoded.length >= neededBytes;
  if (bitsPerPixel <= 8) {
    const perByte = 8 / bitsPerPixel;
    const mask = 2 ** bitsPerPixel - 1;
    return {
      ...indexed(header, (x, row) => {
        const byte = encoded[row * rowBytes + Math.floor(x / perByte)] ?? 0;
        return (byte >> (8 - bitsPerPixel * ((x % perByte) + 1))) & mask;
      }),
      isWhole,
    };
  }
  const channels = bitsPerPixel !== 24 && header.masks[3] !== 0 ? 4 : 3;
  const data = new Uint8Array(width * height * channels);
  const scales = header.masks.slice(0, channels).map(scaleOf);
  const pixelBytes = bitsPerPixel / 8;
  for (let row = 0, to = 0; row < height; row += 1) {
    let from = (isTopDown ? row : height - 1 - row) * rowBytes;
    for (let x = 0; x < width; x += 1, from += pixelBytes) {
      if (from + pixelBytes > encoded.length) {
        to += channels;
        continue;
      }
      if (bitsPerPixel === 24) {
        data[to] = encoded[from + 2]!;
        data[to + 1] = encoded[from + 1]!;
        data[to + 2] = encoded[from]!;
        to += 3;
        continue;
      }
      const low = encoded[from]! | (encoded[from + 1]! << 8);
      const value = bitsPerPixel === 16 ? low : (low | (encoded[from + 2]! << 16) | (encoded[from + 3]! << 24)) >>> 0;
      for (const { mask, shift, factor } of scales) {
        data[to] = Math.floor(((value & mask) >>> shift) * factor);
        to += 1;
      }
    }
  }
  return { channels, data, isWhole };
}

/** Replaces pixel values by the colours of the palette. `valueAt` gets the column, and the row in the order of the file. */
function indexed(
  { width, height, isTopDown, palette }: BmpHeader,
  valueAt: (x: number, row: number) => number,
): Omit<BmpPixels, "isWhole"> {
  const data = new Uint8Array(width * height * 3);
  for (let row = 0, to = 0; row < height; row += 1) {
    const fileRow = isTopDown ? row : height - 1 - row;
    for (let x = 0; x < width; x += 1, to += 3) {
      const [blue, green, red] = palette[valueAt(x, fileRow)] ?? black;
      data[to] = red;
      data[to + 1] = green;
      data[to + 2] = blue;
    }
  }
  return { channels: 3, data };
}

const black = [0, 0, 0] as const;

/** How the bits under a mask become a number from 0 to 255. */
function scaleOf(mask: number): { readonly mask: number; readonly shift: number; readonly factor: number } {
  if (mask === 0) return { mask, shift: 0, factor: 0 };
  const shift = 31 - Math.clz32(mask & -mask);
  return { mask, shift, factor: 255 / (mask >>> shift) };
}
