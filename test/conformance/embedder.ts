/** What every embedder must do, whatever serves its model. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { type Embedder, HeadraceError, type TensorSpec, type Vectors } from "../../src/contracts/index.js";
import { float32ToFloat16, rowBytes } from "../../src/kit/index.js";

/** What an embedder may be excused from, by name. */
export type EmbedderInability =
  /** It does not serve the shipped EfficientNet-Lite0. */
  "golden-vectors";

export interface EmbedderConformanceOptions {
  readonly cannot?: readonly EmbedderInability[];
  /** Called once after all tests: stop what `make` started. */
  readonly dispose?: () => Promise<void>;
}

interface GoldenImage {
  readonly file: string;
  readonly u8: string;
  readonly embedding: readonly number[];
}

const goldenFolder = new URL("../../../test/fidelity/golden/", import.meta.url);

/** The golden images of the shipped model: their 224 × 224 × 3 bytes and the embeddings that belong to them. */
export function goldenImages(): readonly { readonly file: string; readonly pixels: Uint8Array; readonly embedding: readonly number[] }[] {
  const golden = JSON.parse(readFileSync(new URL("golden.json", goldenFolder), "utf8")) as { images: readonly GoldenImage[] };
  return golden.images.map(({ file, u8, embedding }) => ({
    file,
    pixels: new Uint8Array(readFileSync(new URL(u8, goldenFolder))),
    embedding,
  }));
}

/** The embeddings of the golden images that belong to the int8 graph, in the order of `goldenImages`. */
export function int8Embeddings(): readonly (readonly number[])[] {
  const { embeddings } = JSON.parse(readFileSync(new URL("golden-int8.json", goldenFolder), "utf8")) as {
    embeddings: Readonly<Record<string, readonly number[]>>;
  };
  return goldenImages().map(({ file }) => embeddings[file.replace(/\.\w+$/, "")]!);
}

/** Declares the tests. `make` gives an embedder that was not opened yet; each call another one. */
export function embedderConformance(
  name: string,
  make: () => Embedder | Promise<Embedder>,
  { cannot = [], dispose }: EmbedderConformanceOptions = {},
): void {
  describe(`embedder: ${name}`, () => {
    let embedder: Embedder;
    const never = new AbortController().signal;

    before(async () => {
      embedder = await make();
      await embedder.open?.(never);
    });
    after(async () => {
      await embedder.close?.();
      await dispose?.();
    });

    test("tells its dimension, feed, input and label once it is open", () => {
      assert.ok(Number.isInteger(embedder.dimension) && embedder.dimension > 0);
      const { preferredBatch, maxBatch, parallel } = embedder.feed;
      assert.ok(preferredBatch >= 1 && preferredBatch <= maxBatch, `preferred batch ${preferredBatch} of at most ${maxBatch}`);
      assert.ok(parallel >= 1);
      assert.ok(embedder.input.width > 0 && embedder.input.height > 0);
      assert.notEqual(embedder.label, "");
      assert.notEqual(embedder.name, "");
    });

    test("check makes a real inference and finds nothing wrong", async () => {
      await embedder.check(never);
    });

    test("leases slabs of exactly the rows asked for", () => {
      for (const rows of [1, embedder.feed.preferredBatch, embedder.feed.maxBatch]) {
        const slab = embedder.lease(rows);
        assert.equal(slab.rows, rows);
        assert.equal(slab.rowBytes, rowBytes(embedder.input));
        assert.equal(slab.bytes.byteLength, rows * slab.rowBytes);
        slab.release();
      }
    });

    test("gives one vector a row for every batch size up to maxBatch, the same for the same row", async () => {
      const { preferredBatch, maxBatch } = embedder.feed;
      const alone = await embedRows(embedder, [0], never);
      for (const rows of new Set([1, Math.min(2, maxBatch), preferredBatch, Math.min(preferredBatch + 1, maxBatch), maxBatch])) {
        const seeds = Array.from({ length: rows }, (_, row) => rows - 1 - row);
        const vectors = await embedRows(embedder, seeds, never);
        assert.equal(vectors.dimension, embedder.dimension);
        assert.equal(vectors.values.length, rows * embedder.dimension);
        assertNear(vectorAt(vectors, rows - 1), alone.values, `row with seed 0 in a batch of ${rows}`);
      }
    });

    test("gives other images other vectors", async () => {
      const first = await embedRows(embedder, [1], never);
      const second = await embedRows(embedder, [2], never);
      assert.notDeepEqual(first.values, second.values);
    });

    test("keeps answers apart when more calls than `parallel` are open", async () => {
      const seeds = Array.from({ length: embedder.feed.parallel + 2 }, (_, call) => call);
      const expected: Vectors[] = [];
      for (const seed of seeds) expected.push(await embedRows(embedder, [seed], never));
      const found = await Promise.all(seeds.map((seed) => embedRows(embedder, [seed], never)));
      for (const seed of seeds) assertNear(found[seed]!.values, expected[seed]!.values, `call ${seed}`);
    });

    test("a slab that was embedded cannot be embedded again, and releasing it is harmless", async () => {
      const slab = embedder.lease(1);
      paint(slab.bytes, embedder.input, 3);
      await embedder.embed(slab, never);
      slab.release();
      await assert.rejects(embedder.embed(slab, never), (error) => HeadraceError.is(error) && error.code === "contract_broken");
      const [a, b] = [embedder.lease(1), embedder.lease(1)];
      a.bytes.fill(1);
      b.bytes.fill(2);
      assert.equal(a.bytes[0], 1, "two leases at once must not share memory");
      a.release();
      b.release();
    });

    test("an aborted call rejects with `aborted` and consumes its slab; the next call works", async () => {
      const slab = embedder.lease(1);
      await assert.rejects(embedder.embed(slab, AbortSignal.abort()), isAborted);
      await assert.rejects(embedder.embed(slab, never), (error) => HeadraceError.is(error) && error.code === "contract_broken");

      const controller = new AbortController();
      const pending = embedRows(embedder, Array(embedder.feed.maxBatch).fill(0), controller.signal);
      controller.abort();
      await assert.rejects(pending, isAborted);
      const again = await embedRows(embedder, [0, 1].slice(0, embedder.feed.maxBatch), never);
      assert.equal(again.dimension, embedder.dimension);
    });

    test("closing twice is harmless, and leaves nothing behind that keeps the process alive", async () => {
      const other = await make();
      const before = activeResources();
      await other.open?.(never);
      await embedRows(other, [0], never);
      await other.close?.();
      await other.close?.();
      const deadlineMs = performance.now() + 5000;
      while (performance.now() < deadlineMs && isMore(activeResources(), before)) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      assert.ok(!isMore(activeResources(), before), `before: ${format(before)}; after closing: ${format(activeResources())}`);
    });

    test("close before open is harmless", async () => {
      const other = await make();
      await other.close?.();
    });

    if (!cannot.includes("golden-vectors")) {
      test("gives the golden vectors of the shipped model", async () => {
        assert.equal(embedder.dimension, 1280);
        const images = goldenImages();
        assert.ok(images.length >= 8);
        for (const { file, pixels, embedding } of images) {
          const slab = embedder.lease(1);
          packGolden(pixels, slab.bytes, embedder.input);
          const { values } = await embedder.embed(slab, never);
          const found = cosine(values, embedding);
          assert.ok(found >= 0.9999, `${file}: expected a cosine of at least 0.9999, found ${found}`);
        }
      });
    }
  });
}

/** Writes 224 × 224 × 3 bytes as the shipped graphs take them: uint8 as they are, floats as (value − 127) / 128. */
export function packGolden(pixels: Uint8Array, into: Uint8Array, input: TensorSpec): void {
  const area = input.width * input.height;
  const ordered = new Float32Array(pixels.length);
  for (let i = 0; i < pixels.length; i += 1) {
    const target = input.layout === "NHWC" ? i : (i % 3) * area + Math.floor(i / 3);
    ordered[target] = input.dtype === "uint8" ? pixels[i]! : (pixels[i]! - 127) / 128;
  }
  writeNumbers(ordered, into, input);
}

export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let product = 0;
  let squareA = 0;
  let squareB = 0;
  for (let i = 0; i < a.length; i += 1) {
    product += a[i]! * b[i]!;
    squareA += a[i]! ** 2;
    squareB += b[i]! ** 2;
  }
  return product / Math.sqrt(squareA * squareB);
}

async function embedRows(embedder: Embedder, seeds: readonly number[], signal: AbortSignal): Promise<Vectors> {
  const slab = embedder.lease(seeds.length);
  seeds.forEach((seed, row) => {
    paint(slab.bytes.subarray(row * slab.rowBytes, (row + 1) * slab.rowBytes), embedder.input, seed);
  });
  return embedder.embed(slab, signal);
}

/** A picture that differs with its seed, in the numbers that models expect: 0 to 255 or about −1 to 1. */
function paint(bytes: Uint8Array, input: TensorSpec, seed: number): void {
  const numbers = new Float32Array(input.width * input.height * 3);
  for (let i = 0; i < numbers.length; i += 1) {
    const value = (Math.floor(i / (17 + seed * 5)) * (31 + seed * 7) + seed * 13) % 256;
    numbers[i] = input.dtype === "uint8" ? value : (value - 127) / 128;
  }
  writeNumbers(numbers, bytes, input);
}

function writeNumbers(numbers: Float32Array, into: Uint8Array, { dtype }: TensorSpec): void {
  if (dtype === "uint8") into.set(numbers);
  else into.set(new Uint8Array((dtype === "float32" ? numbers : float32ToFloat16(numbers)).buffer));
}

function vectorAt(vectors: Vectors, row: number): Float32Array {
  return vectors.values.subarray(row * vectors.dimension, (row + 1) * vectors.dimension);
}

function assertNear(found: Float32Array, expected: Float32Array, what: string): void {
  assert.equal(found.length, expected.length, what);
  const value = cosine(found, expected);
  assert.ok(value >= 0.99999, `${what}: expected a cosine of at least 0.99999, found ${value}`);
}

function isAborted(error: unknown): boolean {
  return HeadraceError.is(error) && error.code === "aborted";
}

/** What keeps the process alive, by kind, without what the test runner itself uses. */
function activeResources(): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) {
    if (/^(Timeout|Immediate|PipeWrap|TTYWrap|FSReqPromise|FSReqCallback|FILEHANDLE|CloseReq)$/.test(kind)) continue;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

function isMore(found: ReadonlyMap<string, number>, before: ReadonlyMap<string, number>): boolean {
  return [...found].some(([kind, count]) => count > (before.get(kind) ?? 0));
}

function format(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([kind, count]) => `${count} x ${kind}`).join(", ") || "nothing";
}
