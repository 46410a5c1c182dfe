import assert from "node:assert/strict";
import { test } from "node:test";
import sharp from "sharp";
import { measureHeader } from "./header.js";

const megapixel = 1024 * 1024;
const photo = sharp({ create: { width: 4096, height: 1024, channels: 3, background: "#808080" } });

async function peakOf(bytes: Promise<Buffer>): Promise<number> {
  return measureHeader(await sharp(await bytes).metadata()).peakBytes / (4 * megapixel);
}

test("the size is that of the upright image", async () => {
  const header = await sharp(await photo.clone().withMetadata({ orientation: 6 }).jpeg().toBuffer()).metadata();
  const { width, height } = measureHeader(header);
  assert.deepEqual([width, height], [1024, 4096]);
});

test("what is decoded line by line needs less than a picture's memory, the rest at least a picture's", async () => {
  const baseline = await peakOf(photo.clone().jpeg().toBuffer());
  assert.ok(baseline < 2, `baseline: ${baseline} bytes a pixel`);
  const progressive = await peakOf(photo.clone().jpeg({ progressive: true }).toBuffer());
  assert.ok(progressive >= 3, `progressive: ${progressive}`);
  const full = await peakOf(photo.clone().jpeg({ progressive: true, chromaSubsampling: "4:4:4" }).toBuffer());
  assert.ok(full >= 6, `progressive without subsampling: ${full}`);
  const rotated = await peakOf(photo.clone().withMetadata({ orientation: 6 }).jpeg().toBuffer());
  assert.ok(rotated >= 3, `rotated: ${rotated}`);
  const webp = await peakOf(photo.clone().webp().toBuffer());
  assert.ok(webp >= 4, `webp: ${webp}`);
  const deep = await peakOf(photo.clone().toColourspace("rgb16").png({ progressive: true }).toBuffer());
  assert.ok(deep >= 6, `interlaced, 16 bits: ${deep}`);
});

test("black and white, and inks without a profile, are told from the rest, and need memory for the whole picture", async () => {
  const bilevel = measureHeader(
    await sharp(await photo.clone().toColourspace("b-w").png({ palette: true, colours: 2 }).toBuffer()).metadata(),
  );
  assert.deepEqual([bilevel.pixels, bilevel.channels], ["bilevel", 3]);
  const cmyk = measureHeader(await sharp(await photo.clone().toColourspace("cmyk").jpeg().toBuffer()).metadata());
  assert.deepEqual([cmyk.pixels, cmyk.channels], ["cmyk", 3]);
  for (const { peakBytes } of [bilevel, cmyk]) assert.ok(peakBytes >= 4 * 4 * megapixel, `${peakBytes}`);
  const usual = measureHeader(await sharp(await photo.clone().jpeg().toBuffer()).metadata());
  assert.deepEqual([usual.pixels, usual.channels], ["usual", 3]);
});
