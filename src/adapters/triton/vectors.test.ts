/** Vectors are compared so that rounding is nothing and another model is. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { compareVectors } from "./vectors.js";

const vector = Float32Array.from({ length: 64 }, (_, at) => Math.sin(at * 7) * 3);
const changed = (change: (value: number, at: number) => number) => compareVectors(vector, vector.map(change)).same;

test("rounding makes no difference, another direction or length does", () => {
  assert.equal(
    changed((value) => value * (1 + 1e-3)),
    true,
  );
  assert.equal(
    changed((value, at) => value + (at % 2 === 0 ? 0.02 : -0.02)),
    true,
  );
  assert.equal(
    changed((value) => value * 1.1),
    false,
  );
  assert.equal(
    changed((value, at) => value + Math.cos(at * 3)),
    false,
  );
  assert.equal(compareVectors(vector, vector.subarray(1)).same, false);
});

test("zeros and numbers that are not finite are like nothing, not even like themselves", () => {
  for (const wrong of [0, Number.NaN, Number.POSITIVE_INFINITY]) {
    const odd = vector.map((value, at) => (wrong === 0 ? 0 : at === 5 ? wrong : value));
    assert.equal(compareVectors(odd, odd).same, false);
    assert.equal(compareVectors(vector, odd).same, false);
  }
});
