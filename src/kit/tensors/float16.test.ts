/** float16 conversion, against values of IEEE 754 and against numpy's. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { inflateSync } from "node:zlib";
import fc from "fast-check";
import { float16ToFloat32, float32ToFloat16 } from "./float16.js";

test("known numbers have their known bits", () => {
  const numbers = Float32Array.of(0, -0, 1, -2, 65504, 65520, 2 ** -14, 2 ** -24, 2 ** -26, 1 / 3, Number.POSITIVE_INFINITY, 0.1);
  const bits = [0, 0x8000, 0x3c00, 0xc000, 0x7bff, 0x7c00, 0x0400, 0x0001, 0, 0x3555, 0x7c00, 0x2e66];
  assert.deepEqual(Array.from(float32ToFloat16(numbers)), bits);
});

test("every float16 survives the way to float32 and back", () => {
  const all = Uint16Array.from({ length: 65536 }, (_, bits) => bits).filter((bits) => (bits & 0x7fff) <= 0x7c00);
  assert.deepEqual(float32ToFloat16(float16ToFloat32(all)), all);
});

test("halves are rounded to even", () => {
  assert.deepEqual(Array.from(float32ToFloat16(Float32Array.of(1 + 2 ** -11, 1 + 3 * 2 ** -11))), [0x3c00, 0x3c02]);
});

test("NaN stays NaN", () => {
  assert.ok(Number.isNaN(float16ToFloat32(float32ToFloat16(Float32Array.of(Number.NaN)))[0]));
});

test("numbers between two, beside the middle between two, at both ends and at random are rounded as numpy rounds them", () => {
  const file = new URL("../../../../test/fidelity/reference/halves.zlib", import.meta.url);
  const bytes = new Uint8Array(inflateSync(readFileSync(file)));
  const count = bytes.length / 6;
  assert.ok(count > 10_000);
  const numbers = new Float32Array(bytes.buffer, 0, count);
  assert.deepEqual(float32ToFloat16(numbers), new Uint16Array(bytes.buffer, count * 4, count));
});

test("no other float16 is nearer", () => {
  const number = fc.float({ noNaN: true, min: -65519, max: 65519 });
  fc.assert(
    fc.property(number, (value) => {
      const bits = float32ToFloat16(Float32Array.of(value))[0]!;
      const distance = (other: number) => Math.abs(float16ToFloat32(Uint16Array.of(other))[0]! - value);
      const neighbours = [bits - 1, bits + 1].filter((other) => (other & 0x7fff) <= 0x7bff && (other & 0x8000) === (bits & 0x8000));
      for (const other of neighbours) assert.ok(distance(bits) <= distance(other), `${value}: ${bits} and ${other}`);
    }),
    { numRuns: 2000 },
  );
});
