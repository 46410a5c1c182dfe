/** Formats that sharp cannot read give the pixels that Pillow gives. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { sharpDecoder } from "../../src/adapters/sharp/index.js";
import { makeConverters } from "../../src/app/decode-workers/converters.js";
import type { Encoded, Pixels } from "../../src/contracts/index.js";

const folder = join("test", "fidelity", "formats");
const { width, height, images } = JSON.parse(readFileSync(join(folder, "pillow.json"), "utf8")) as {
  readonly width: number;
  readonly height: number;
  readonly images: Readonly<Record<string, { readonly width: number; readonly height: number; readonly pixels: string }>>;
};
/** Mean difference of a value from 0 to 255. Codecs of one format round colours differently. */
const maxDifference: Readonly<Record<string, number>> = { bmp: 1, heic: 2, jxl: 2 };

test("there is an answer of Pillow for every image", () => {
  assert.deepEqual(Object.keys(images).sort(), readdirSync(join(folder, "images")).sort());
});

for (const [name, expected] of Object.entries(images)) {
  test(`${name} is read as Pillow reads it`, async () => {
    const found = await decode(await imageOf(name), "refuse");
    assert.deepEqual(found.original, { width: expected.width, height: expected.height });
    const difference = meanDifference(found.data, Buffer.from(expected.pixels, "base64"));
    const limit = maxDifference[name.split(".").at(-1)!]!;
    assert.ok(difference <= limit, `differs by ${difference.toFixed(2)}, more than ${limit}`);
  });

  test(`${name}, cut off, is refused or marked, and never crashes`, async () => {
    const { bytes } = await imageOf(name);
    for (const share of [0.05, 0.5, 0.9]) {
      const image = { bytes: bytes.subarray(0, Math.floor(bytes.length * share)), version: null };
      await assert.rejects(decode(image, "refuse"), (error: { code?: string }) => /^image_(corrupt|unsupported)$/.test(error.code ?? ""));
      const kept = await decode(image, "keep").catch((error: { code?: string }) => error);
      assert.ok(
        "damaged" in kept ? kept.damaged : /^image_(corrupt|unsupported)$/.test((kept as { code?: string }).code ?? ""),
        `${share}`,
      );
    }
  });
}

test("the size in a header is compared with the limit before anything is decoded", async () => {
  const { bytes } = await imageOf("24-bit.bmp");
  const huge = Buffer.concat([bytes, Buffer.alloc(16 * 2 ** 20)]);
  huge.writeInt32LE(60_000, 18);
  huge.writeInt32LE(60_000, 22);
  await assert.rejects(decode({ bytes: huge, version: null }, "keep"), { code: "image_too_large" });
});

async function imageOf(name: string): Promise<Encoded> {
  return { bytes: readFileSync(join(folder, "images", name)), version: null };
}

function decode(image: Encoded, damaged: "refuse" | "keep"): Promise<Pixels> {
  return sharpDecoder({ damaged }, makeConverters()).decode(
    image,
    { kind: "squash", width, height, filter: "bicubic" },
    new AbortController().signal,
  );
}

function meanDifference(found: Uint8Array, expected: Uint8Array): number {
  return expected.reduce((sum, value, at) => sum + Math.abs(value - found[at]!), 0) / expected.length;
}
