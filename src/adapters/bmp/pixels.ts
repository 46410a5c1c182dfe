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
    return { ...coloured(header, (row) => indexes.subarray(row * width, (row + 1) * width)), isWhole };
  }
  const rowBytes = Math.ceil((width * bitsPerPixel) / 32) * 4;
  const neededBytes = rowBytes * (height - 1) + Math.ceil((width * bitsPerPixel) / 8);
  const isWhole = encoded.length >= neededBytes;
  if (bitsPerPixel <= 8) return { ...coloured(header, unpacker(encoded, rowBytes, header)), isWhole };
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

/** Replaces pixel values by the colours of the palette. `valuesOf` gets the number of a row in the order of the file. */
function coloured({ width, height, isTopDown, palette }: BmpHeader, valuesOf: (row: number) => Uint8Array): Omit<BmpPixels, "isWhole"> {
  const [reds, greens, blues] = [new Uint8Array(256), new Uint8Array(256), new Uint8Array(256)];
  for (const [value, [blue, green, red]] of palette.entries()) {
    reds[value] = red;
    greens[value] = green;
    blues[value] = blue;
  }
  const data = new Uint8Array(width * height * 3);
  for (let row = 0, to = 0; row < height; row += 1) {
    const values = valuesOf(isTopDown ? row : height - 1 - row);
    for (let x = 0; x < width; x += 1, to += 3) {
      const value = values[x]!;
      data[to] = reds[value]!;
      data[to + 1] = greens[value]!;
      data[to + 2] = blues[value]!;
    }
  }
  return { channels: 3, data };
}

/** Returns a function that unpacks the values of a row. It writes all rows into the same memory. */
function unpacker(encoded: Uint8Array, rowBytes: number, { width, bitsPerPixel }: BmpHeader): (row: number) => Uint8Array {
  const values = new Uint8Array(width);
  const perByte = 8 / bitsPerPixel;
  const mask = 2 ** bitsPerPixel - 1;
  return (row) => {
    for (let x = 0; x < width; x += 1) {
      const byte = encoded[row * rowBytes + Math.floor(x / perByte)] ?? 0;
      values[x] = (byte >> (8 - bitsPerPixel * ((x % perByte) + 1))) & mask;
    }
    return values;
  };
}

/** How the bits under a mask become a number from 0 to 255. */
function scaleOf(mask: number): { readonly mask: number; readonly shift: number; readonly factor: number } {
  if (mask === 0) return { mask, shift: 0, factor: 0 };
  const shift = 31 - Math.clz32(mask & -mask);
  return { mask, shift, factor: 255 / (mask >>> shift) };
}
