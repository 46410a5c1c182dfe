/** Mixed queries: laws that hold for any vectors and weights. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { HeadraceError } from "../../contracts/index.js";
import { mixVectors, type WeightedVector } from "./mix.js";

const number = fc.integer({ min: -1000, max: 1000 }).map((value) => value / 100);
const vector = fc
  .array(number, { minLength: 4, maxLength: 4 })
  .map((values) => Float32Array.from(values))
  .filter((values) => Math.hypot(...values) > 0.1);
const weight = fc.integer({ min: -400, max: 400 }).map((value) => value / 100);
const terms = fc.array(fc.record({ vector, weight: weight.filter((value) => value !== 0) }), { minLength: 1, maxLength: 5 });

/** The mixed vector, or null if the terms cancel each other. */
function mixed(given: readonly WeightedVector[]): Float32Array | null {
  try {
    return mixVectors(given);
  } catch (error) {
    assert.ok(HeadraceError.is(error) && error.code === "query_invalid");
    return null;
  }
}

function assertNear(a: Float32Array | null, b: Float32Array | null): void {
  // Terms that almost cancel each other are on the border between an answer and a refusal.
  if (a === null || b === null) return;
  for (const [index, value] of a.entries()) assert.ok(Math.abs(value - b[index]!) < 1e-2, `${a} and ${b}`);
}

test("the mixed vector has length 1", () => {
  fc.assert(
    fc.property(terms, (given) => {
      const vector = mixed(given);
      if (vector !== null) assert.ok(Math.abs(Math.hypot(...vector) - 1) < 1e-6);
    }),
  );
});

test("only the proportion of the weights matters, and not the length of the vectors", () => {
  fc.assert(
    fc.property(terms, fc.integer({ min: 1, max: 1000 }), (given, factor) => {
      const heavier = given.map((term) => ({ ...term, weight: term.weight * factor }));
      const longer = given.map((term) => ({ ...term, vector: term.vector.map((value) => value * factor) }));
      assertNear(mixed(given), mixed(heavier));
      assertNear(mixed(given), mixed(longer));
    }),
  );
});

test("the order of the terms does not matter", () => {
  fc.assert(fc.property(terms, (given) => assertNear(mixed(given), mixed([...given].reverse()))));
});

test("a single term keeps its direction, and a negative weight turns it around", () => {
  fc.assert(
    fc.property(vector, (given) => {
      const unit = given.map((value) => value / Math.hypot(...given));
      assertNear(mixVectors([{ vector: given, weight: 3 }]), unit);
      assertNear(
        mixVectors([{ vector: given, weight: -0.5 }]),
        unit.map((value) => -value),
      );
    }),
  );
});

test("a heavier term is nearer to the mixture than a lighter one", () => {
  fc.assert(
    fc.property(vector, vector, (a, b) => {
      const mixture = mixed([
        { vector: a, weight: 3 },
        { vector: b, weight: 1 },
      ]);
      const nearness = (other: Float32Array): number =>
        mixture!.reduce((sum, value, index) => sum + value * other[index]!, 0) / Math.hypot(...other);
      assert.ok(nearness(a) >= nearness(b) - 1e-6);
    }),
  );
});

test("terms that cancel each other, and weights that are no weights, are refused with what to do", () => {
  fc.assert(
    fc.property(
      vector,
      weight.filter((value) => value !== 0),
      (given, value) => {
        assert.equal(
          mixed([
            { vector: given, weight: value },
            { vector: given, weight: -value },
          ]),
          null,
        );
      },
    ),
  );
  const one = Float32Array.of(1, 0);
  for (const wrong of [0, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(
      () => mixVectors([{ vector: one, weight: wrong }]),
      (error) => HeadraceError.is(error) && error.code === "query_invalid" && error.hint.includes("weights"),
    );
  }
});
