import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { pooled } from "./pooling.js";

const size = fc.integer({ min: 1, max: 5 });

test("each image gets its first vector, or the mean of its vectors", () => {
  fc.assert(
    fc.property(size, size, size, fc.infiniteStream(fc.integer({ min: -1000, max: 1000 })), (images, patches, numbers, stream) => {
      const values = Float32Array.from(stream.take(images * patches * numbers));
      const at = (image: number, patch: number, index: number) => values[(image * patches + patch) * numbers + index] ?? Number.NaN;
      const all = Array.from({ length: images * numbers }, (_, position) => [Math.floor(position / numbers), position % numbers] as const);
      const shape = [images, patches, numbers];
      const first = pooled(values, shape, "cls");
      assert.deepEqual([...first.shape], [images, numbers]);
      assert.deepEqual(
        [...first.values],
        all.map(([image, index]) => at(image, 0, index)),
      );
      for (const [position, value] of pooled(values, shape, "mean").values.entries()) {
        const [image, index] = all[position]!;
        const sum = Array.from({ length: patches }, (_, patch) => at(image, patch, index)).reduce((a, b) => a + b);
        assert.ok(Math.abs(value - sum / patches) <= 1e-3);
      }
    }),
  );
});

test("without pooling, and with vectors that are pooled already, nothing changes", () => {
  const values = Float32Array.of(1, 2, 3, 4);
  assert.equal(pooled(values, [1, 2, 2], null).values, values);
  assert.deepEqual(pooled(values, [2, 2], "mean"), { values, shape: [2, 2] });
});
