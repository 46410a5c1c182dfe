import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { before, describe, it } from "node:test";
import { type Likeness, measureLikeness } from "../../bench/near-duplicates.js";

/** How far another processor's arithmetic may move a cosine. */
const tolerance = 0.02;

describe("the guide to near-duplicates", () => {
  let measured: readonly Likeness[] = [];
  let guide = "";
  before(async () => {
    measured = await measureLikeness();
    guide = await readFile("docs/guides/near-duplicates.md", "utf8");
  });

  it("shows for each change the cosines that the shipped model gives", () => {
    const shown = [...guide.matchAll(/^\| ([^|]+) \| (\d+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$/gm)];
    assert.deepEqual(
      shown.map(([, what]) => what),
      measured.map(({ what }) => what),
    );
    for (const [index, [, what, pairs, ...cosines]] of shown.entries()) {
      const { lowest, median, highest, pairs: found } = measured[index]!;
      assert.equal(Number(pairs), found);
      for (const [at, value] of [lowest, median, highest].entries()) {
        assert.ok(Math.abs(value - Number(cosines[at])) <= tolerance, `${what}: ${value} is shown as ${cosines[at]}`);
      }
    }
  });

  it("names thresholds that the copies pass, and that photos of something else do not", () => {
    const of = (what: string): Likeness => measured.find((likeness) => likeness.what === what)!;
    assert.ok(of("its left half against its right half").highest < 0.95);
    for (const what of [
      "saved again as JPEG, quality 75",
      "saved again as WebP, quality 75",
      "half as wide and high",
      "the middle 90 % of each side",
      "a fifth brighter",
      "mirrored",
    ]) {
      assert.ok(of(what).lowest > 0.9, what);
    }
    for (const what of ["saved again as JPEG, quality 20", "without colour"]) assert.ok(of(what).lowest > 0.8, what);
    assert.ok(of("a photo of something else").highest < 0.3);
  });
});
