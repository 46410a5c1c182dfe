/** Which vectors may be stored. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { HeadraceError } from "../contracts/index.js";
import { checkVector, normalizeVector } from "./normalize.js";

test("normalises in place to length 1", () => {
  const vector = Float32Array.of(3, 0, -4);
  assert.equal(normalizeVector(vector), vector);
  assert.deepEqual(Array.from(vector), Array.from(Float32Array.of(0.6, 0, -0.8)));
});

test("numbers whose squares leave float32 are no problem", () => {
  const vector = normalizeVector(Float32Array.of(1e30, 1e30));
  assert.ok(Math.abs(vector[0]! - Math.SQRT1_2) < 1e-6);
  const small = normalizeVector(Float32Array.of(1e-30, 0));
  assert.equal(small[0], 1);
});

for (const [what, values] of [
  ["NaN", [1, Number.NaN, 2]],
  ["infinity", [Number.POSITIVE_INFINITY, 0]],
  ["only zeros", [0, 0, 0]],
  ["no numbers", []],
] as const) {
  test(`refuses ${what} and names the image`, () => {
    for (const judge of [checkVector, normalizeVector]) {
      assert.throws(
        () => judge(Float32Array.from(values), "file:///a.png"),
        (error) => HeadraceError.is(error) && error.code === "vector_invalid" && error.scope === "item" && error.item === "file:///a.png",
      );
    }
  });
}

test("says which number is wrong", () => {
  assert.throws(() => checkVector(Float32Array.of(1, Number.NaN)), /NaN at position 1/);
});
