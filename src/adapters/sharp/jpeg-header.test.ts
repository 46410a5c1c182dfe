/** A header that is read without libvips says what libvips says. */
import assert from "node:assert/strict";
import { test } from "node:test";
import sharp, { type JpegOptions, type Sharp } from "sharp";
import { measureHeader } from "./header.js";
import { simpleJpegHeader } from "./jpeg-header.js";

const photo = sharp({
  create: { width: 301, height: 203, channels: 3, background: "#804020", noise: { type: "gaussian", mean: 128, sigma: 40 } },
});
const encodings: readonly JpegOptions[] = [
  {},
  { chromaSubsampling: "4:4:4" },
  { progressive: true },
  { progressive: true, chromaSubsampling: "4:4:4" },
  { mozjpeg: true },
  { optimiseCoding: false, quality: 1 },
];
const colours: Readonly<Record<string, (image: Sharp) => Sharp>> = {
  colour: (image) => image,
  grey: (image) => image.greyscale(),
  "with a profile": (image) => image.withIccProfile("p3"),
};

for (const [name, coloured] of Object.entries(colours)) {
  test(`JPEGs in all encodings, ${name}, are measured as libvips measures them`, async () => {
    for (const encoding of encodings) {
      const file = await coloured(photo.clone()).jpeg(encoding).toBuffer();
      const header = simpleJpegHeader(file);
      assert.ok(header !== null, JSON.stringify(encoding));
      assert.deepEqual(measureHeader(header), measureHeader(await sharp(file).metadata()), JSON.stringify(encoding));
    }
  });
}

test("headers that only libvips can read are left to it: orientation, inks, and files that are not JPEGs", async () => {
  const left = [
    photo.clone().withMetadata({ orientation: 6 }).jpeg(),
    photo.clone().toColourspace("cmyk").jpeg(),
    photo.clone().png(),
    photo.clone().webp(),
  ];
  for (const image of left) assert.equal(simpleJpegHeader(await image.toBuffer()), null);
  assert.equal(simpleJpegHeader(new Uint8Array()), null);
});

test("5,000 damaged headers throw nothing, and none is measured differently from what libvips reads", async () => {
  const whole = await photo.clone().jpeg().toBuffer();
  let seed = 1;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % below;
  };
  let read = 0;
  for (let round = 0; round < 5_000; round += 1) {
    const damaged = Buffer.from(whole.subarray(0, random(4) === 0 ? random(700) : whole.length));
    for (let count = random(3); count >= 0 && damaged.length > 0; count -= 1) damaged[random(Math.min(700, damaged.length))] = random(256);
    const header = simpleJpegHeader(damaged);
    if (header === null) continue;
    read += 1;
    if (round % 10 > 0) continue;
    const metadata = await sharp(damaged)
      .metadata()
      .catch(() => null);
    if (metadata !== null) assert.deepEqual(measureHeader(header), measureHeader(metadata), `round ${round}`);
  }
  assert.ok(read > 500, `${read} of 5,000 headers were read`);
});
