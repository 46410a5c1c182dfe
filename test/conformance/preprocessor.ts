/** What every preprocessor must do, whatever computes it. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  HeadraceError,
  type Pixels,
  type Preprocessing,
  type Preprocessor,
  type Slab,
  type TensorSpec,
} from "../../src/contracts/index.js";
import { float16ToFloat32, plainSlab, rowBytes } from "../../src/kit/index.js";

/** What a preprocessor may be excused from, by name. */
export type PreprocessorInability = "float16" | "uint8";

export interface PreprocessorConformanceOptions {
  readonly cannot?: readonly PreprocessorInability[];
}

const normalization = { rescale: 1 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;

/** Wider than high, so that a swap of sides cannot hide. */
const width = 40;
const height = 24;

const cases: readonly { readonly dtype: TensorSpec["dtype"]; readonly layout: TensorSpec["layout"]; readonly normalised: boolean }[] = [
  { dtype: "float32", layout: "NCHW", normalised: true },
  { dtype: "float32", layout: "NHWC", normalised: true },
  { dtype: "float32", layout: "NCHW", normalised: false },
  { dtype: "float16", layout: "NCHW", normalised: true },
  { dtype: "float16", layout: "NHWC", normalised: true },
  { dtype: "uint8", layout: "NCHW", normalised: false },
  { dtype: "uint8", layout: "NHWC", normalised: false },
];

/** Declares the tests. `make` gives a preprocessor that was not opened yet. */
export function preprocessorConformance(
  name: string,
  make: (preprocessing: Preprocessing) => Preprocessor | Promise<Preprocessor>,
  { cannot = [] }: PreprocessorConformanceOptions = {},
): void {
  describe(`preprocessor: ${name}`, () => {
    const never = new AbortController().signal;
    for (const { dtype, layout, normalised } of cases) {
      if ((cannot as readonly string[]).includes(dtype)) continue;
      const output: TensorSpec = { dtype, layout, width, height };
      const preprocessing: Preprocessing = {
        name: "conformance",
        geometry: { kind: "squash", width, height, filter: "bicubic" },
        normalization: normalised ? normalization : null,
        output,
      };

      describe(`${dtype} ${layout}, ${normalised ? "normalised" : "as it is"}`, () => {
        let preprocessor: Preprocessor;
        before(async () => {
          preprocessor = await make(preprocessing);
          await preprocessor.open?.(never);
        });
        after(async () => {
          await preprocessor.close?.();
        });

        test("tells what it takes and gives", () => {
          assert.deepEqual(preprocessor.output, output);
          assert.deepEqual(preprocessor.input, preprocessing.geometry);
          assert.notEqual(preprocessor.label, "");
        });

        test("gives the formula's numbers in the layout's order, for batches of every size", async () => {
          for (const rows of [1, 2, 3, 5, 32, 33]) {
            const batch = Array.from({ length: rows }, (_, seed) => paint(seed));
            const slab = plainSlab(rows, rowBytes(output));
            await preprocessor.run(batch, slab, never);
            for (const [row, pixels] of batch.entries()) assertRow(slab, row, pixels, preprocessing);
          }
        });

        test("fills the first rows of a larger slab and leaves the others alone", async () => {
          const slab = plainSlab(3, rowBytes(output));
          slab.bytes.fill(7);
          await preprocessor.run([paint(1)], slab, never);
          assertRow(slab, 0, paint(1), preprocessing);
          assert.ok(slab.bytes.subarray(slab.rowBytes).every((byte) => byte === 7));
        });

        test("leaves the pixels as they were", async () => {
          const pixels = paint(4);
          await preprocessor.run([pixels], plainSlab(1, rowBytes(output)), never);
          assert.deepEqual(pixels, paint(4));
        });

        test("works on memory at any offset", async () => {
          const bytes = new Uint8Array(rowBytes(output) + 1).subarray(1);
          const slab: Slab = { rows: 1, rowBytes: rowBytes(output), bytes, release: () => undefined };
          await preprocessor.run([paint(2)], slab, never);
          assertRow(slab, 0, paint(2), preprocessing);
        });

        test("runs at once do not disturb each other", async () => {
          const slabs = [0, 1, 2].map(() => plainSlab(1, rowBytes(output)));
          await Promise.all(slabs.map((slab, seed) => preprocessor.run([paint(seed)], slab, never)));
          for (const [seed, slab] of slabs.entries()) assertRow(slab, 0, paint(seed), preprocessing);
        });

        test("refuses pixels of another size, showing both", async () => {
          const wrong: Pixels = { ...paint(0), width: height, height: width };
          await assert.rejects(
            preprocessor.run([wrong], plainSlab(1, rowBytes(output)), never),
            (error) => HeadraceError.is(error) && error.code === "contract_broken" && /40 x 24.*24 x 40/.test(error.message),
          );
        });

        test("an aborted run rejects with `aborted`", async () => {
          await assert.rejects(
            preprocessor.run([paint(0)], plainSlab(1, rowBytes(output)), AbortSignal.abort()),
            (error) => HeadraceError.is(error) && error.code === "aborted",
          );
        });

        test("closing twice is harmless", async () => {
          const other = await make(preprocessing);
          await other.open?.(never);
          await other.close?.();
          await other.close?.();
        });
      });
    }
  });
}

function paint(seed: number): Pixels {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * (7 + seed) + seed * 31 + Math.floor(i / 3)) % 256);
  return { width, height, data, original: { width, height } };
}

function assertRow(slab: Slab, row: number, pixels: Pixels, { normalization: numbers, output }: Preprocessing): void {
  const found = numbersOf(slab.bytes.slice(row * slab.rowBytes, (row + 1) * slab.rowBytes), output);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      for (let channel = 0; channel < 3; channel += 1) {
        const value = pixels.data[(y * width + x) * 3 + channel]!;
        const expected = numbers === null ? value : (value * numbers.rescale - numbers.mean[channel]!) / numbers.std[channel]!;
        const at = output.layout === "NHWC" ? (y * width + x) * 3 + channel : (channel * height + y) * width + x;
        // Arithmetic in float32 may end on the other side of the middle between two float16.
        const tolerance = output.dtype === "float16" ? 2 ** -10 * Math.max(Math.abs(expected), 2 ** -14) : 1e-5;
        if (!(Math.abs(found[at]! - expected) <= tolerance)) {
          assert.fail(`row ${row}, pixel ${x}, ${y}, channel ${channel}: expected ${expected}, found ${found[at]}`);
        }
      }
    }
  }
}

function numbersOf(bytes: Uint8Array<ArrayBuffer>, { dtype }: TensorSpec): ArrayLike<number> {
  if (dtype === "uint8") return bytes;
  return dtype === "float32" ? new Float32Array(bytes.buffer) : float16ToFloat32(new Uint16Array(bytes.buffer));
}
