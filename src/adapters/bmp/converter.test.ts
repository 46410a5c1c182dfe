/** BMP files whose header promises far more pixels than the file has. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { bmpConverter } from "./converter.js";

interface Given {
  readonly width: number;
  readonly height: number;
  readonly bitsPerPixel: 8 | 24;
  readonly compression: "none" | "rle8";
  /** The bytes after the palette. */
  readonly data: readonly number[];
}

const colours = 256;

function bmp({ width, height, bitsPerPixel, compression, data }: Given): Uint8Array {
  const palette = Buffer.alloc(bitsPerPixel === 8 ? colours * 4 : 0, 0x7f);
  const header = Buffer.alloc(54);
  header.write("BM", 0, "latin1");
  header.writeUInt32LE(header.length + palette.length, 10);
  header.writeUInt32LE(40, 14);
  header.writeInt32LE(width, 18);
  header.writeInt32LE(height, 22);
  header.writeUInt16LE(1, 26);
  header.writeUInt16LE(bitsPerPixel, 28);
  header.writeUInt32LE(compression === "rle8" ? 1 : 0, 30);
  return Buffer.concat([header, palette, Buffer.from(data)]);
}

const endOfImage = [0, 1];
const endOfLine = [0, 0];

test("a file with more pixels than its bytes can hold is refused before its pixels take memory, also if damage is kept", async () => {
  const blank = bmp({ width: 16_000, height: 16_000, bitsPerPixel: 8, compression: "rle8", data: endOfImage });
  const empty = bmp({ width: 30_000, height: 30_000, bitsPerPixel: 24, compression: "none", data: [] });
  const { measure, convert } = bmpConverter();
  for (const bytes of [blank, empty]) {
    for (const call of [measure(bytes), convert(bytes, "refuse"), convert(bytes, "keep")]) {
      await assert.rejects(call, { code: "image_corrupt", message: /expected at most 1048576 pixels in \d+ bytes, found \d+ × \d+ = \d+/ });
    }
  }
});

test("a picture of one colour in the longest runs is whole", async () => {
  const row = [...Array.from({ length: 15 }, () => [255, 9]).flat(), 175, 9, ...endOfLine];
  const data = [...Array.from({ length: 1000 }, () => row).flat(), ...endOfImage];
  const { width, height, damaged } = await bmpConverter().convert(
    bmp({ width: 4000, height: 1000, bitsPerPixel: 8, compression: "rle8", data }),
    "refuse",
  );
  assert.deepEqual([width, height, damaged], [4000, 1000, false]);
});

test("a small picture that is cut off after its header is kept as a damaged one", async () => {
  const { width, height, damaged } = await bmpConverter().convert(
    bmp({ width: 640, height: 480, bitsPerPixel: 24, compression: "none", data: [] }),
    "keep",
  );
  assert.deepEqual([width, height, damaged], [640, 480, true]);
});
