import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import type { ResizeFilter } from "../../contracts/index.js";
import type { Axis } from "./geometry.js";
import { type Raster, resample, type Span, tapsOf } from "./resample.js";

interface Image {
  readonly width: number;
  readonly height: number;
  readonly data: readonly number[];
}

/** What Pillow has made of one image, by `test/fidelity/reference/make.py`. */
const file = new URL("../../../../test/fidelity/reference/reference.json", import.meta.url);
const { resized: golden } = JSON.parse(readFileSync(file, "utf8")) as {
  readonly resized: Image & { readonly cases: readonly (Image & { readonly filter: ResizeFilter })[] };
};
const original: Raster = { ...golden, channels: 3, data: Uint8Array.from(golden.data) };

for (const { filter, width, height, data } of golden.cases) {
  const axes = { x: whole(original.width, width), y: whole(original.height, height) };

  test(`${filter} to ${width} × ${height} gives Pillow's pixels, each of them`, () => {
    assert.deepEqual(resized(axes.x, axes.y), data);
  });

  test(`${filter} to ${width} × ${height}, cut, gives the same`, () => {
    const found = resized({ ...axes.x, cut: 1, keep: width - 2 }, { ...axes.y, cut: 1, keep: height - 1 });
    const isKept = (x: number, y: number) => x >= 1 && x < width - 1 && y >= 1;
    assert.deepEqual(
      found,
      data.filter((_, index) => isKept(Math.floor(index / 3) % width, Math.floor(index / 3 / width))),
    );
  });

  /** From the needed part of the original alone. */
  function resized(x: Axis, y: Axis): readonly number[] {
    const [across, down] = [tapsOf(x, filter), tapsOf(y, filter)];
    return [...resample(partOf(original, across.span, down.span), across, down).data];
  }
}

test("one axis is left as it is when it has no taps, and greys are resized as colours are", () => {
  const down = tapsOf(whole(original.height, 15), "bicubic");
  const colours = resample(original, null, down);
  assert.deepEqual([colours.width, colours.height], [original.width, 15]);
  const greys = { ...original, channels: 1 as const, data: original.data.filter((_, index) => index % 3 === 0) };
  assert.deepEqual(
    resample(greys, null, down).data,
    colours.data.filter((_, index) => index % 3 === 0),
  );
});

test("what has one colour keeps it, whatever the sizes", () => {
  const side = fc.integer({ min: 1, max: 40 });
  const filters = fc.constantFrom<ResizeFilter>("bicubic", "bilinear", "lanczos3", "nearest");
  fc.assert(
    fc.property(side, side, side, side, fc.integer({ min: 0, max: 255 }), filters, (width, height, toWidth, toHeight, value, filter) => {
      const raster: Raster = { width, height, channels: 1, data: new Uint8Array(width * height).fill(value) };
      const [across, down] = [tapsOf(whole(width, toWidth), filter), tapsOf(whole(height, toHeight), filter)];
      const { data } = resample(partOf(raster, across.span, down.span), across, down);
      assert.deepEqual(data, new Uint8Array(toWidth * toHeight).fill(value));
    }),
  );
});

function whole(from: number, to: number): Axis {
  return { from, to, cut: 0, keep: to, at: 0 };
}

function partOf({ width, channels, data }: Raster, columns: Span, rows: Span): Raster {
  const lines = Array.from({ length: rows.size }, (_, row) => {
    const start = ((rows.start + row) * width + columns.start) * channels;
    return [...data.subarray(start, start + columns.size * channels)];
  });
  return { width: columns.size, height: rows.size, channels, data: Uint8Array.from(lines.flat()) };
}
