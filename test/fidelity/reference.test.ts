/** Pixels and numbers beside those of Pillow, numpy and Python's JAX, for images of every kind; `reference/make.py` has made them. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { inflateSync } from "node:zlib";
import sharp, { type Metadata } from "sharp";
import { jaxPreprocessor } from "../../src/adapters/jax/index.js";
import { nativePreprocessor } from "../../src/adapters/native/index.js";
import { onnxEmbedder } from "../../src/adapters/onnx/index.js";
import { sharpDecoder } from "../../src/adapters/sharp/index.js";
import { embedTensors, resolvePreprocessing, vectorAt } from "../../src/chain/index.js";
import type { Encoded, Preprocessing, Preprocessor, TensorSpec } from "../../src/contracts/index.js";
import { type PresetName, plainSlab, presetNames, rowBytes } from "../../src/kit/index.js";
import { cosine } from "../conformance/embedder.js";

interface Reference {
  /** Of what comes out, in pixels. */
  readonly width: number;
  readonly height: number;
  readonly geometries: readonly string[];
  readonly images: readonly string[];
  /** JPEGs of which a decoder can leave out some while it reads. */
  readonly large: readonly string[];
  /** By preset and library: what each 8-bit value of each channel becomes; `float16`: the bits of numpy's, rounded. */
  readonly normalized: Readonly<Record<string, Readonly<Record<"numpy" | "jax" | "float16", readonly (readonly number[])[]>>>>;
}

const never = new AbortController().signal;
const folder = new URL("../../../test/fidelity/reference/", import.meta.url);
const reference = JSON.parse(readFileSync(new URL("reference.json", folder), "utf8")) as Reference;
const { width, height } = reference;
const floats: TensorSpec = { dtype: "float32", layout: "NCHW", width, height };
const pixels = tensorsIn("pixels.zlib", width * height * 3);
const decoder = sharpDecoder();

/** Of 255, on average over an image. */
const limit = 1;

describe("pixels after the resize differ from Pillow's by at most 1 of 255 on average", () => {
  for (const name of reference.images) {
    test(name, async () => {
      for (const geometry of reference.geometries) {
        const { data } = await decoder.decode(encoded(name), preprocessingOf(geometry).geometry, never);
        const found = meanDifference(data, expectedPixels(name, geometry));
        assert.ok(found <= limit, `${geometry}: expected at most ${limit}, found ${found}`);
      }
    });
  }
});

describe("the images of the reference", () => {
  test("are at least 40, of sizes from 1 × 1 to 8000 × 200, in every EXIF orientation, format and kind of pixels", async () => {
    const headers = await Promise.all(reference.images.map((name) => sharp(encoded(name).bytes).metadata()));
    const found = (tell: (header: Metadata) => unknown) => new Set(headers.map((header) => String(tell(header))));
    assert.ok(headers.length >= 40, `found ${headers.length}`);
    const sizes = found((header) => `${header.width} × ${header.height}`);
    for (const size of ["1 × 1", "2 × 3", "1 × 300", "300 × 1", "90 × 3000", "8000 × 200"]) assert.ok(sizes.has(size), size);
    const orientations = found(({ orientation }) => orientation);
    for (let orientation = 1; orientation <= 8; orientation += 1) assert.ok(orientations.has(String(orientation)), `${orientation}`);
    const profiles = headers.map(({ icc }) => icc?.toString("latin1") ?? "").join();
    for (const profile of ["P3, gamma 2.2", "Adobe RGB primaries", "a pale press"]) assert.ok(profiles.includes(profile), profile);
    for (const format of ["jpeg", "png", "webp", "gif", "tiff"]) assert.ok(found((header) => header.format).has(format), format);
    for (const space of ["srgb", "b-w", "cmyk", "rgb16", "grey16"]) assert.ok(found((header) => header.space).has(space), space);
    for (const bits of ["1", "8", "16"]) assert.ok(found(({ bitsPerSample }) => bitsPerSample).has(bits), `${bits} bits`);
  });

  test("tell a decoder that leaves out a profile or an orientation from one that does not", () => {
    const bare: Readonly<Record<string, string>> = {
      "p3.png": "lzw.tiff",
      "adobe-rgb.png": "lzw.tiff",
      "p3.jpg": "progressive.jpg",
      "alpha.png": "lzw.tiff",
      "cmyk-profile.jpg": "cmyk.jpg",
      ...Object.fromEntries([2, 3, 4, 5, 6, 7, 8].map((turn) => [`orientation-${turn}.jpg`, "orientation-1.jpg"])),
    };
    for (const [name, without] of Object.entries(bare)) {
      const between = meanDifference(expectedPixels(name, "siglip"), expectedPixels(without, "siglip"));
      assert.ok(between > 2 * limit, `${name} and ${without} differ by ${between} only`);
    }
  });

  test("are not square when they come out", () => assert.notEqual(width, height));
});

describe("a large JPEG, of which the decoder leaves out some while it reads, differs no more, and gives the embedding (cosine at least 0.996)", () => {
  const side = 224;
  const expected = tensorsIn("large.zlib", side * side * 3);
  for (const [index, name] of reference.large.entries()) {
    test(name, async () => {
      const embedder = onnxEmbedder({ sessions: 1 });
      await embedder.open(never);
      try {
        const { geometry } = resolvePreprocessing({ embedderInput: embedder.input, embedderDefault: embedder.preset });
        const { data } = await decoder.decode(encoded(name), geometry, never);
        const difference = meanDifference(data, expected[index]!);
        assert.ok(difference <= limit, `expected a mean difference of at most ${limit}, found ${difference}`);
        const vectors = await embedTensors(embedder, [data, expected[index]!], never);
        const found = cosine(vectorAt(vectors, 0), vectorAt(vectors, 1));
        assert.ok(found >= 0.996, `expected a cosine of at least 0.996, found ${found}`);
      } finally {
        await embedder.close();
      }
    });
  }
});

const layouts = ["NCHW", "NHWC"] as const;
/** Every value in every channel. */
const values = Uint8Array.from({ length: width * height * 3 }, (_, index) => Math.floor(index / 3) + 85 * (index % 3));

for (const preset of presetNames) {
  const expected = reference.normalized[preset] ?? assert.fail(`make.py knows no ${preset}`);
  for (const layout of layouts) {
    for (const backend of ["typed arrays", "JAX"] as const) {
      test(`${preset}, ${backend}, ${layout}: numbers differ from numpy's and from those of Python's JAX by at most 1e-5`, async () => {
        const bytes = await preprocessed(backend, preset, { ...floats, layout });
        eachNumber(new Float32Array(bytes), layout, (number, channel, value) => {
          for (const library of ["numpy", "jax"] as const) {
            const exact = expected[library][channel]![value]!;
            assert.ok(Math.abs(number - exact) <= 1e-5, `${value} in channel ${channel}: expected ${library}'s ${exact}, found ${number}`);
          }
        });
      });
    }

    test(`${preset}, ${layout}: float16 of typed arrays are numpy's to the last bit, those of JAX at most the next number`, async () => {
      const [exact, near] = await Promise.all(
        (["typed arrays", "JAX"] as const).map((backend) => preprocessed(backend, preset, { ...floats, dtype: "float16", layout })),
      );
      eachNumber(new Uint16Array(exact!), layout, (bits, channel, value) => {
        assert.equal(bits, expected.float16[channel]![value]!, `${value} in channel ${channel}`);
      });
      eachNumber(new Uint16Array(near!), layout, (bits, channel, value) => {
        const expectedBits = expected.float16[channel]![value]!;
        assert.ok(Math.abs(bits - expectedBits) <= 1, `${value} in channel ${channel}: expected ${expectedBits}, found ${bits}`);
      });
    });
  }
}

async function preprocessed(backend: "typed arrays" | "JAX", preset: PresetName, input: TensorSpec): Promise<ArrayBuffer> {
  const preprocessing = preprocessingOf(preset, input);
  await using preprocessor = await opened(backend === "JAX" ? jaxPreprocessor(preprocessing) : nativePreprocessor(preprocessing));
  const slab = plainSlab(1, rowBytes(input));
  await preprocessor.run([{ width, height, data: values, original: floats }], slab, never);
  return slab.bytes.slice().buffer;
}

function eachNumber(
  numbers: Float32Array | Uint16Array,
  layout: TensorSpec["layout"],
  check: (number: number, channel: number, value: number) => void,
): void {
  const area = width * height;
  for (const [index, value] of values.entries()) {
    const channel = index % 3;
    check(numbers[layout === "NHWC" ? index : channel * area + Math.floor(index / 3)]!, channel, value);
  }
}

function encoded(name: string): Encoded {
  return { bytes: new Uint8Array(readFileSync(new URL(`images/${name}`, folder))), version: null };
}

function tensorsIn(file: string, length: number): readonly Uint8Array[] {
  const bytes = inflateSync(readFileSync(new URL(file, folder)));
  return Array.from({ length: bytes.length / length }, (_, index) => bytes.subarray(index * length, (index + 1) * length));
}

function expectedPixels(name: string, geometry: string): Uint8Array {
  const index = reference.images.indexOf(name) * reference.geometries.length + reference.geometries.indexOf(geometry);
  return pixels[index] ?? assert.fail(`make.py knows no ${name} or no ${geometry}`);
}

function preprocessingOf(name: string, embedderInput = floats): Preprocessing {
  if (name === "letterbox") return resolvePreprocessing({ embedderInput });
  return resolvePreprocessing({ preset: name as PresetName, embedderInput });
}

async function opened(preprocessor: Preprocessor): Promise<Preprocessor & AsyncDisposable> {
  await preprocessor.open?.(never);
  return Object.assign(preprocessor, { [Symbol.asyncDispose]: async () => preprocessor.close?.() });
}

function meanDifference(found: Uint8Array, expected: Uint8Array): number {
  return found.reduce((sum, value, index) => sum + Math.abs(value - expected[index]!), 0) / expected.length;
}
