/** Pictures for people have the limits of the decoder, and share its decode budget. */
import assert from "node:assert/strict";
import { test } from "node:test";
import sharp from "sharp";
import type { Encoded, ImageConverter } from "../../contracts/index.js";
import { encodePng } from "../../kit/index.js";
import { sharpDecoding } from "./pictures.js";

const never = new AbortController().signal;
const geometry = { kind: "squash", width: 8, height: 8, filter: "bilinear" } as const;

const encoded = (bytes: Uint8Array): Encoded => ({ bytes, version: null });
const png = encodePng({ width: 40, height: 30, channels: 3, data: new Uint8Array(40 * 30 * 3).fill(90) }, 6);
const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="60" height="40"><rect width="60" height="40"/></svg>');

/** An image of the format BMP, for converters of the tests. */
const bmp = (): Encoded => encoded(Buffer.concat([Buffer.from("BM"), Buffer.alloc(100)]));

interface Watched {
  readonly converter: ImageConverter;
  readonly calls: string[];
  /** How many conversions ran at the same time at most. */
  mostAtOnce: number;
}

/** A converter for images of the given size. It notes what it is asked for. */
function watchedConverter(width: number, height: number, bytesPerPixel: number): Watched {
  let running = 0;
  const watched: Watched = {
    calls: [],
    mostAtOnce: 0,
    converter: {
      name: "watched",
      bytesPerPixel,
      measure: async () => {
        watched.calls.push("measure");
        return { width, height };
      },
      convert: async (_, damaged) => {
        watched.calls.push(`convert ${damaged}`);
        running += 1;
        watched.mostAtOnce = Math.max(watched.mostAtOnce, running);
        await new Promise(setImmediate);
        running -= 1;
        return { png, width: 40, height: 30, damaged: false };
      },
    },
  };
  return watched;
}

test("an SVG has a thumbnail only if SVGs are drawn", async () => {
  await assert.rejects(sharpDecoding().pictures.thumbnail(encoded(svg), never), { code: "image_unsupported" });
  const drawn = await sharpDecoding({ svg: "draw" }).pictures.thumbnail(encoded(svg), never);
  const { format, width, height } = await sharp(drawn).metadata();
  assert.deepEqual([format, width, height], ["jpeg", 60, 40]);
});

test("an image with too many pixels has no pictures", async () => {
  const { pictures } = sharpDecoding({ maxPixels: 1000 });
  const seen = { width: 2, height: 2, data: new Uint8Array(12) };
  await assert.rejects(pictures.thumbnail(encoded(png), never), { code: "image_too_large" });
  await assert.rejects(pictures.comparison(encoded(png), seen, never), { code: "image_too_large" });
});

test("an image is measured before it is converted, and not converted if it has too many pixels", async () => {
  const { converter, calls } = watchedConverter(2000, 2000, 4);
  const { decoder, pictures } = sharpDecoding({ maxPixels: 1_000_000 }, new Map([["BMP", async () => converter]]));
  await assert.rejects(pictures.thumbnail(bmp(), never), { code: "image_too_large" });
  await assert.rejects(decoder.decode(bmp(), geometry, never), { code: "image_too_large" });
  assert.deepEqual(calls, ["measure", "measure"]);
});

test("thumbnails and decoded images wait for the same decode budget", async () => {
  const watched = watchedConverter(1000, 1000, 2);
  const { decoder, pictures } = sharpDecoding({ decodeBudgetMb: 4 }, new Map([["BMP", async () => watched.converter]]));
  await Promise.all([
    pictures.thumbnail(bmp(), never),
    decoder.decode(bmp(), geometry, never),
    pictures.thumbnail(bmp(), never),
    decoder.decode(bmp(), geometry, never),
  ]);
  assert.equal(watched.calls.filter((call) => call.startsWith("convert")).length, 4);
  assert.equal(watched.mostAtOnce, 1);
});

test("a thumbnail that waits for the decode budget ends when its caller stops", async () => {
  const { converter } = watchedConverter(1000, 1000, 2);
  const { pictures } = sharpDecoding({ decodeBudgetMb: 4 }, new Map([["BMP", async () => converter]]));
  const stop = new AbortController();
  const [first, second] = [pictures.thumbnail(bmp(), never), pictures.thumbnail(bmp(), stop.signal)];
  stop.abort();
  await assert.rejects(second, { code: "aborted" });
  assert.equal((await sharp(await first).metadata()).format, "jpeg");
});

test("a damaged image has a thumbnail of what is left, although the decoder refuses it", async () => {
  const noise = Uint8Array.from({ length: 200 * 150 * 3 }, (_, index) => (index * 7919) % 251);
  const whole = await sharp(noise, { raw: { width: 200, height: 150, channels: 3 } })
    .jpeg()
    .toBuffer();
  const cut = encoded(whole.subarray(0, Math.floor(whole.length * 0.6)));
  const { decoder, pictures } = sharpDecoding({ damaged: "refuse" });
  await assert.rejects(decoder.decode(cut, geometry, never), { code: "image_corrupt" });
  const { width, height } = await sharp(await pictures.thumbnail(cut, never)).metadata();
  assert.deepEqual([width, height], [200, 150]);
});

test("of an animation and of a document with many pages, the first is shown", async () => {
  const frames = Buffer.concat([Buffer.alloc(20 * 10 * 3, 10), Buffer.alloc(20 * 10 * 3, 240)]);
  for (const format of ["gif", "tiff", "webp"] as const) {
    const animated = await sharp(frames, { raw: { width: 20, height: 20, channels: 3, pageHeight: 10 } })
      .toFormat(format)
      .toBuffer();
    const { width, height } = await sharp(await sharpDecoding().pictures.thumbnail(encoded(animated), never)).metadata();
    assert.deepEqual([format, width, height], [format, 20, 10]);
  }
});
