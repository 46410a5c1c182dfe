/** float16 conversion, against values of IEEE 754. */
import assert from "node:assert/strict";
import { test } from "node:test";
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
