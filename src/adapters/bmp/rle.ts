/** Decodes the run lengths of BMP files with 4 or 8 bits per pixel. */
import type { BmpHeader } from "./header.js";

/** Returns one value per pixel, rows in the order of the file. Pixels that the data skip are 0. */
export function rleIndexes(
  encoded: Uint8Array,
  { width, height, bitsPerPixel }: BmpHeader,
): { readonly indexes: Uint8Array; readonly isWhole: boolean } {
  const indexes = new Uint8Array(width * height);
  const perByte = bitsPerPixel === 4 ? 2 : 1;
  const pixelOf = (byte: number, index: number) => (perByte === 1 ? byte : index % 2 === 0 ? byte >> 4 : byte & 15);
  let [x, row, at] = [0, 0, 0];
  const put = (value: number): void => {
    if (x < width && row < height) indexes[row * width + x] = value;
    x += 1;
  };
  while (at + 1 < encoded.length) {
    const [count, value] = [encoded[at]!, encoded[at + 1]!];
    at += 2;
    if (count > 0) {
      for (let index = 0; index < count; index += 1) put(pixelOf(value, index));
    } else if (value === escapes.endOfLine) {
      [x, row] = [0, row + 1];
    } else if (value === escapes.endOfImage) {
      return { indexes, isWhole: true };
    } else if (value === escapes.move) {
      x += encoded[at] ?? 0;
      row += encoded[at + 1] ?? 0;
      at += 2;
    } else {
      for (let index = 0; index < value; index += 1) put(pixelOf(encoded[at + Math.floor(index / perByte)] ?? 0, index));
      const dataBytes = Math.ceil(value / perByte);
      at += dataBytes + (dataBytes % 2);
    }
  }
  return { indexes, isWhole: row >= height || (row === height - 1 && x >= width) };
}

const escapes = { endOfLine: 0, endOfImage: 1, move: 2 } as const;
