/** What every image decoder must do, whoever wrote the codec. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import sharp from "sharp";
import { type Encoded, type ErrorCode, type Geometry, HeadraceError, type ImageDecoder, type Pixels } from "../../src/contracts/index.js";
import { damagedInputs, oddInputs } from "../odd-images/make.js";
import { encodeAs, type Photo, smallPhoto } from "../odd-images/photo.js";
import { encodeGrey } from "../odd-images/png.js";

/** What a decoder may be excused from, by name: a format that it does not read. */
export type DecoderInability = "webp" | "gif" | "avif" | "tiff" | "svg";

export interface DecoderConformanceOptions {
  readonly cannot?: readonly DecoderInability[];
}

const crop: Geometry = { kind: "crop", shorterSide: 256, width: 224, height: 224, filter: "bicubic" };
const squash: Geometry = { kind: "squash", width: 160, height: 120, filter: "bicubic" };
const letterbox: Geometry = { kind: "letterbox", width: 120, height: 120, fill: [10, 20, 30], filter: "bicubic" };
const extensions: Readonly<Record<DecoderInability, RegExp>> = {
  webp: /\.webp$/,
  gif: /\.gif$/,
  avif: /\.avif$/,
  tiff: /\.tif$/,
  svg: /\.svg$/,
};

/** Declares the tests. `make` gives a decoder that was not opened yet; each call another one. */
export function imageDecoderConformance(
  name: string,
  make: (options: { readonly maxPixels: number; readonly svg?: "draw" }) => ImageDecoder,
  { cannot = [] }: DecoderConformanceOptions = {},
): void {
  describe(`image decoder: ${name}`, () => {
    const never = new AbortController().signal;
    const decoder = make({ maxPixels: 268_402_689 });
    let photo: Photo;
    const decode = (bytes: Uint8Array, target: Geometry, signal = never) => decoder.decode(encoded(bytes), target, signal);
    const excused = (file: string) => {
      const inability = cannot.find((each) => extensions[each].test(file));
      return { skip: inability !== undefined && `cannot ${inability}` };
    };

    before(async () => {
      await decoder.open?.(never);
      photo = await smallPhoto();
    });
    after(async () => decoder.close?.());

    // What ends as `source_…` is a matter of readers.
    for (const input of [...oddInputs, ...damagedInputs].filter(({ ends }) => !ends.startsWith("source_")))
      test(`${input.name} (${input.what}): ${input.ends}`, excused(input.name), async () => {
        const content = await input.make(photo);
        assert.ok(content instanceof Uint8Array);
        if (input.ends !== "stored") return assert.rejects(decode(content, crop), code(input.ends));
        const pixels = await decode(content, crop);
        assert.equal(pixels.data.byteLength, 224 * 224 * 3);
        const { width, height } = await decoder.measure(encoded(content));
        assert.deepEqual(pixels.original, { width, height });
      });

    test("measures the size of the upright image and a peak above nothing", async () => {
      const rotated = await sharp(...photo)
        .withMetadata({ orientation: 6 })
        .jpeg()
        .toBuffer();
      const { width, height, peakBytes } = await decoder.measure(encoded(rotated));
      assert.deepEqual([width, height], [213, 320]);
      assert.ok(peakBytes > 0);
    });

    test("gives exactly the size that was asked for, whatever the image's", async () => {
      const side = fc.integer({ min: 1, max: 400 });
      const target = fc.oneof(
        fc.record({
          kind: fc.constant("squash" as const),
          width: fc.integer({ min: 1, max: 300 }),
          height: fc.integer({ min: 1, max: 300 }),
        }),
        fc.record({
          kind: fc.constant("crop" as const),
          shorterSide: fc.integer({ min: 64, max: 300 }),
          width: fc.integer({ min: 1, max: 64 }),
          height: fc.integer({ min: 1, max: 64 }),
        }),
        fc.record({
          kind: fc.constant("letterbox" as const),
          width: fc.integer({ min: 1, max: 300 }),
          height: fc.integer({ min: 1, max: 300 }),
          fill: fc.constant([9, 9, 9] as const),
        }),
      );
      const filter = fc.constantFrom("bicubic", "bilinear", "lanczos3", "nearest");
      await fc.assert(
        fc.asyncProperty(side, side, target, filter, async (width, height, shape, kernel) => {
          const geometry = { ...shape, filter: kernel } as Geometry;
          const pixels = await decode(
            encodeGrey(width, height, 8, () => 9),
            geometry,
          );
          assert.deepEqual([pixels.width, pixels.height], [geometry.width, geometry.height]);
          assert.deepEqual(pixels.original, { width, height });
          assert.equal(pixels.data.byteLength, geometry.width * geometry.height * 3);
          assert.ok(
            pixels.data.every((value) => value === 9),
            "a flat image stays flat",
          );
        }),
        { numRuns: 60 },
      );
    });

    for (const [size, what] of [
      [40, "enlarged"],
      [900, "shrunk"],
    ] as const)
      test(`an image ${what} is neither shifted nor turned: its mirror image comes out mirrored`, async () => {
        for (const target of [crop, squash, letterbox]) {
          const source = await sharp(...photo)
            .resize(size, Math.round(size * 0.7), { fit: "fill" })
            .png()
            .toBuffer();
          const plain = await decode(source, target);
          const mirrored = await decode(await sharp(source).flop().png().toBuffer(), target);
          const flipped = await decode(await sharp(source).flip().png().toBuffer(), target);
          assertNear(mirror(mirrored), plain, 0.5, `${target.kind}, left and right`);
          assertNear(flip(flipped), plain, 0.5, `${target.kind}, top and bottom`);
        }
      });

    test("the pixels of a tower, of which little is kept, hold no more memory than twice their own", async () => {
      const tower = await sharp(...photo)
        .resize(300, 6000, { fit: "fill" })
        .png()
        .toBuffer();
      const { data } = await decode(tower, crop);
      assert.ok(data.buffer.byteLength <= 2 * data.byteLength, `${data.byteLength} bytes of ${data.buffer.byteLength}`);
    });

    test("turns all eight orientations upright", async () => {
      const upright = await decode(await encodeAs(photo, "png"), squash);
      for (let orientation = 1; orientation <= 8; orientation++) {
        const turned = await asOrientation(photo, orientation);
        assertNear(await decode(turned, squash), upright, 0.5, `orientation ${orientation}`);
      }
    });

    test("puts transparency on white", async () => {
      const { data } = await decode(
        await sharp({ create: { width: 50, height: 40, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0.5 } } })
          .png()
          .toBuffer(),
        squash,
      );
      assert.ok(
        data.every((value) => Math.abs(value - 127) <= 1),
        `found ${data[0]}`,
      );
    });

    test("converts 16 bits, a palette and another colour profile to 8-bit sRGB", async () => {
      const plain = await decode(await encodeAs(photo, "png"), squash);
      const deep = await sharp(...photo)
        .toColourspace("rgb16")
        .png()
        .toBuffer();
      assertNear(await decode(deep, squash), plain, 0.6, "16 bits");
      const palette = await sharp(...photo)
        .png({ palette: true, colours: 256, dither: 0 })
        .toBuffer();
      assertNear(await decode(palette, squash), plain, 4, "palette");
      const wide = await sharp(...photo)
        .withIccProfile("p3")
        .png()
        .toBuffer();
      assertNear(await decode(wide, squash), plain, 1, "Display P3");
      const raw = await sharp(await sharp(wide).keepIccProfile().png().toBuffer(), { ignoreIcc: true })
        .png()
        .toBuffer();
      assert.ok(meanDifference(await decode(raw, squash), plain) > 1, "without its profile it is another image");
    });

    test("copies grey to all three channels", async () => {
      const { data } = await decode(
        await sharp(...photo)
          .greyscale()
          .toColourspace("b-w")
          .png()
          .toBuffer(),
        squash,
      );
      for (let i = 0; i < data.length; i += 3) assert.ok(data[i] === data[i + 1] && data[i] === data[i + 2]);
    });

    test("takes the first frame of an animation", { ...excused("a.gif") }, async () => {
      const frames = await Promise.all(
        ["#ff0000", "#00ff00"].map((background) =>
          sharp({ create: { width: 60, height: 60, channels: 3, background } })
            .png()
            .toBuffer(),
        ),
      );
      const { data, original } = await decode(
        await sharp(frames, { join: { animated: true } })
          .gif()
          .toBuffer(),
        squash,
      );
      assert.deepEqual([...data.subarray(0, 3)], [255, 0, 0]);
      assert.deepEqual(original, { width: 60, height: 60 });
    });

    test("never shows what lies outside an SVG", excused("a.svg"), async () => {
      const drawing = make({ maxPixels: 268_402_689, svg: "draw" });
      await drawing.open?.(never);
      const draw = (text: string) => drawing.decode({ bytes: Buffer.from(text), version: null }, squash, never);
      const outside = new URL("../../../test/fidelity/golden/coffee.jpg", import.meta.url);
      const shows = (href: string) => `<image width="300" height="200" href="${href}" xlink:href="${href}"/>`;
      const head = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="300" height="200">';
      for (const href of [outside.href, outside.pathname, "test/fidelity/golden/coffee.jpg"]) {
        const { data } = await draw(`${head}${shows(href)}</svg>`);
        assert.ok(
          data.every((value) => value === 255),
          href,
        );
      }
      const inside = `data:image/jpeg;base64,${(await encodeAs(photo, "jpeg")).toString("base64")}`;
      const { data } = await draw(`${head}${shows(inside)}</svg>`);
      assert.ok(
        data.some((value) => value !== 255),
        "what it carries itself is shown",
      );
      await drawing.close?.();
      await assert.rejects(decode(Buffer.from(`${head}</svg>`), squash), { code: "image_unsupported" });
    });

    test("fills what a letterbox leaves free, evenly", async () => {
      const { data } = await decode(
        encodeGrey(100, 50, 8, () => 200),
        letterbox,
      );
      const at = (x: number, y: number) => [...data.subarray((y * 120 + x) * 3, (y * 120 + x) * 3 + 3)];
      assert.deepEqual(at(60, 29), [10, 20, 30]);
      assert.deepEqual(at(60, 30), [200, 200, 200]);
      assert.deepEqual(at(60, 89), [200, 200, 200]);
      assert.deepEqual(at(60, 90), [10, 20, 30]);
    });

    test("gives buffers that belong to the caller and leaves the input as it was", async () => {
      const bytes = await encodeAs(photo, "jpeg");
      const before = Uint8Array.from(bytes);
      const [first, second] = await Promise.all([decode(bytes, squash), decode(bytes, squash)]);
      assert.notEqual(first.data.buffer, second.data.buffer);
      assert.equal(first.data.buffer.byteLength, first.data.byteLength, "a buffer of its own");
      assert.deepEqual(first.data, second.data);
      assert.deepEqual(Uint8Array.from(bytes), before);
    });

    test("refuses one pixel more than the limit, before and while decoding", async () => {
      const strict = make({ maxPixels: 5_000 });
      await strict.open?.(never);
      const fitting = encoded(encodeGrey(100, 50, 8, () => 1));
      assert.equal((await strict.decode(fitting, squash, never)).width, 160);
      const larger = encoded(encodeGrey(101, 50, 8, () => 1));
      await assert.rejects(strict.measure(larger), code("image_too_large"));
      await assert.rejects(strict.decode(larger, squash, never), code("image_too_large"));
      await strict.close?.();
    });

    test("does not begin once the signal has fired", async () => {
      await assert.rejects(decode(await encodeAs(photo, "jpeg"), squash, AbortSignal.abort()), code("aborted"));
    });

    test("decodes many at once, each like alone", async () => {
      const sources = await Promise.all(
        [20, 60, 100, 200, 320].map((width) =>
          sharp(...photo)
            .resize(width)
            .jpeg()
            .toBuffer(),
        ),
      );
      const alone: Pixels[] = [];
      for (const source of sources) alone.push(await decode(source, crop));
      assert.deepEqual(await Promise.all(sources.map((source) => decode(source, crop))), alone);
    });
  });
}

function encoded(bytes: Uint8Array): Encoded {
  return { bytes, version: null };
}

/** The photo stored turned, with the orientation that undoes it. */
async function asOrientation(photo: Photo, orientation: number): Promise<Buffer> {
  const { degrees, mirrored } = turns[orientation - 1] ?? { degrees: 0, mirrored: false };
  const turned = await sharp(...photo)
    .rotate(degrees)
    .png()
    .toBuffer();
  return sharp(turned).flop(mirrored).withMetadata({ orientation }).png().toBuffer();
}

/** From upright to stored: turned clockwise, then mirrored; for the orientations 1 to 8. */
const turns = [
  { degrees: 0, mirrored: false },
  { degrees: 0, mirrored: true },
  { degrees: 180, mirrored: false },
  { degrees: 180, mirrored: true },
  { degrees: 90, mirrored: true },
  { degrees: 270, mirrored: false },
  { degrees: 270, mirrored: true },
  { degrees: 90, mirrored: false },
];

function mirror({ width, height, data }: Pixels): Uint8Array {
  return rearrange(width, height, data, (x, y) => [width - 1 - x, y]);
}

function flip({ width, height, data }: Pixels): Uint8Array {
  return rearrange(width, height, data, (x, y) => [x, height - 1 - y]);
}

function rearrange(width: number, height: number, data: Uint8Array, from: (x: number, y: number) => readonly [number, number]): Uint8Array {
  const out = new Uint8Array(data.length);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const [fromX, fromY] = from(x, y);
      const at = (fromY * width + fromX) * 3;
      out.set(data.subarray(at, at + 3), (y * width + x) * 3);
    }
  return out;
}

function assertNear(found: Pixels | Uint8Array, expected: Pixels, limit: number, what: string): void {
  const difference = meanDifference(found, expected);
  assert.ok(difference <= limit, `${what}: mean difference ${difference.toFixed(3)}, expected at most ${limit}`);
}

function meanDifference(found: Pixels | Uint8Array, expected: Pixels): number {
  const data = found instanceof Uint8Array ? found : found.data;
  assert.equal(data.length, expected.data.length);
  return data.reduce((sum, value, index) => sum + Math.abs(value - (expected.data[index] ?? 0)), 0) / data.length;
}

function code(expected: ErrorCode) {
  return (error: unknown) => {
    assert.ok(HeadraceError.is(error), `expected ${expected}, found ${String(error)}`);
    assert.equal(error.code, expected, error.message);
    return true;
  };
}
