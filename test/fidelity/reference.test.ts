/** Decoder and preprocessors against Pillow and numpy, over images of every kind; `reference/make.py` makes the reference. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { inflateSync } from "node:zlib";
import { JaxPreprocessor } from "../../src/adapters/jax/index.js";
import { NativePreprocessor } from "../../src/adapters/native/index.js";
import { sharpDecoder } from "../../src/adapters/sharp/index.js";
import type { Preprocessing, Preprocessor, TensorSpec } from "../../src/contracts/index.js";
import { type PresetName, plainSlab, presetNames, resolvePreprocessing, rowBytes } from "../../src/kit/index.js";

interface Reference {
  /** Of all pixels, in pixels. */
  readonly side: number;
  readonly geometries: readonly string[];
  readonly images: readonly string[];
  /** By preset: what each 8-bit value of each channel becomes. */
  readonly normalized: Readonly<Record<string, readonly (readonly number[])[]>>;
}

const never = new AbortController().signal;
const folder = new URL("../../../test/fidelity/reference/", import.meta.url);
const reference = JSON.parse(readFileSync(new URL("reference.json", folder), "utf8")) as Reference;
const pixels = inflateSync(readFileSync(new URL("pixels.zlib", folder)));
const { side } = reference;
const length = side * side * 3;
const floats: TensorSpec = { dtype: "float32", layout: "NCHW", width: side, height: side };

/** Of 255, on average over an image. */
const limit = 1;

/** What is known to differ by more, and why. */
const limits: Readonly<Record<string, number>> = {
  // Pillow leaves out what lies beyond the edge and weighs the rest anew, we repeat the edge: all that 2 × 3 pixels have.
  "2x3.png": 1.25,
  // Before it shrinks to less than a quarter, libvips averages pairs: another picture where every pixel is black or white.
  "one-bit.png": 5,
  // Pillow has no profile for inks and calculates 255 − ink, libvips takes the colours of a press.
  "cmyk.jpg": 17,
};

describe("pixels after the resize differ from Pillow's by at most 1 of 255 on average, but for the named kinds", () => {
  const decoder = sharpDecoder();
  for (const [index, name] of reference.images.entries()) {
    test(name, async () => {
      const image = { bytes: new Uint8Array(readFileSync(new URL(`images/${name}`, folder))), version: null };
      const differences: Record<string, number> = {};
      for (const [position, geometry] of reference.geometries.entries()) {
        const start = (index * reference.geometries.length + position) * length;
        const { data } = await decoder.decode(image, preprocessingOf(geometry).geometry, never);
        differences[geometry] = meanDifference(data, pixels.subarray(start, start + length));
      }
      const worst = Math.max(...Object.values(differences));
      assert.ok(worst <= (limits[name] ?? limit), JSON.stringify(differences));
    });
  }
});

describe("numbers after the resize differ from numpy's by at most 1e-5", () => {
  for (const preset of presetNames.filter((name) => name !== "none")) {
    for (const backend of ["typed arrays", "JAX"] as const) {
      test(`${preset}, ${backend}`, async () => {
        const expected = reference.normalized[preset] ?? assert.fail(`make.py knows no ${preset}`);
        const preprocessing = preprocessingOf(preset);
        await using preprocessor = await opened(
          backend === "JAX" ? new JaxPreprocessor(preprocessing) : new NativePreprocessor(preprocessing),
        );
        const slab = plainSlab(1, rowBytes(floats));
        const data = Uint8Array.from({ length }, (_, index) => Math.floor(index / 3) + 85 * (index % 3));
        await preprocessor.run([{ width: side, height: side, data, original: floats }], slab, never);
        const numbers = new Float32Array(slab.bytes.buffer as ArrayBuffer);
        const area = side * side;
        for (const [index, number] of numbers.entries()) {
          const channel = Math.floor(index / area);
          const value = data[(index % area) * 3 + channel]!;
          const exact = expected[channel]![value]!;
          assert.ok(Math.abs(number - exact) <= 1e-5, `${value} in channel ${channel}: expected ${exact}, found ${number}`);
        }
      });
    }
  }
});

function preprocessingOf(name: string): Preprocessing {
  if (name === "letterbox") return resolvePreprocessing({ embedderInput: floats });
  return resolvePreprocessing({ preset: name as PresetName, embedderInput: floats });
}

async function opened(preprocessor: Preprocessor): Promise<Preprocessor & AsyncDisposable> {
  await preprocessor.open?.(never);
  return Object.assign(preprocessor, { [Symbol.asyncDispose]: async () => preprocessor.close?.() });
}

function meanDifference(found: Uint8Array, expected: Uint8Array): number {
  return found.reduce((sum, value, index) => sum + Math.abs(value - expected[index]!), 0) / expected.length;
}
