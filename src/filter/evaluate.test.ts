import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { compareText, evaluateFilter, type FieldValue, parseFilter } from "./index.js";

const fields: Readonly<Record<string, FieldValue>> = { n: 2, big: 2n ** 53n + 1n, t: "b", yes: true, nothing: null };
const passes = (text: string) => evaluateFilter(parseFilter(text), (key) => fields[key]);

it("a comparison with an absent key or another type is false, and `not` is its complement", () => {
  for (const comparison of [
    "absent == 1",
    "absent != 1",
    "nothing != 1",
    'n != "2"',
    "t != 2",
    "yes != 1",
    'startsWith(n, "2")',
    "exists(nothing)",
  ]) {
    assert.equal(passes(comparison), false, comparison);
    assert.equal(passes(`not ${comparison}`), true, comparison);
  }
});

it("a whole number beyond 2^53 compares exactly", () => {
  assert.equal(passes("big > 9007199254740991"), true);
  assert.equal(passes("big == 9.007199254740992e15"), false);
  assert.equal(passes("big < 1e300"), true);
});

it("text is ordered as its UTF-8 bytes are", () => {
  const wellFormed = fc.string({
    unit: fc.oneof(fc.constantFrom("\u{1F600}", "\uFFFD", "\uD7FF", "\uE000", "a"), fc.string({ unit: "grapheme", maxLength: 1 })),
  });
  fc.assert(
    fc.property(wellFormed, wellFormed, (left, right) => {
      assert.equal(Math.sign(compareText(left, right)), Buffer.compare(Buffer.from(left), Buffer.from(right)));
    }),
  );
  assert.ok("\u{1F600}" < "\uFFFD", "UTF-16 order is another");
});
