import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import sharp from "sharp";
import { repairedGif } from "./gif-repair.js";

const whole = readFileSync(join("test", "fuzz", "bases", "frame.gif"));
const rowBytes = 120 * 3;
const maxPixels = 1_000_000;

test("a whole GIF keeps all its pixels", async () => {
  assert.deepEqual(await pixelsOf(repairedGif(whole, maxPixels)), await pixelsOf(whole));
});

test("without interlacing, the rows of the data are those of the picture", async () => {
  // The frame is interlaced: row 8 of the picture is row 1 of the data.
  const plain = Buffer.from(whole);
  const frameAt = 13 + 3 * 2 ** ((whole[10]! & 7) + 1);
  assert.deepEqual([plain[frameAt], plain[frameAt + 9]! & 0x40], [0x2c, 0x40]);
  plain[frameAt + 9]! &= ~0x40;
  const [rows, interlaced] = [await pixelsOf(repairedGif(plain, maxPixels)), await pixelsOf(whole)];
  assert.deepEqual(row(rows, 1), row(interlaced, 8));
});

test("a GIF that is cut off keeps the rows before its end, and the others have the first colour of the palette", async () => {
  const [kept, all] = [await pixelsOf(repairedGif(whole.subarray(0, whole.length / 2), maxPixels)), await pixelsOf(whole)];
  for (const early of [0, 8, 40, 80]) assert.deepEqual(row(kept, early), row(all, early));
  assert.deepEqual([...row(kept, 89).subarray(-3)], [...whole.subarray(13, 16)]);
});

test("a header that promises too many pixels costs no memory", () => {
  const huge = Buffer.from(whole);
  huge.writeUInt16LE(65_535, 6);
  huge.writeUInt16LE(65_535, 8);
  assert.throws(() => repairedGif(huge, maxPixels), { code: "image_too_large" });
});

function row(pixels: Buffer, y: number): Buffer {
  return pixels.subarray(y * rowBytes, (y + 1) * rowBytes);
}

function pixelsOf(bytes: Uint8Array): Promise<Buffer> {
  return sharp(bytes).flatten({ background: "#ffffff" }).toColourspace("srgb").raw().toBuffer();
}
