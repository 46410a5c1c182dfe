/** The comparison of passports. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Passport } from "../../contracts/index.js";
import { comparePassports, passportMismatch } from "./passports.js";

const passport = (probes: readonly (readonly number[])[], model = "a"): Passport => ({ probes, labels: { model } });

test("passports are the same when every probe's cosine is high enough", () => {
  const a = passport([
    [1, 0],
    [0, 1],
    [1, 1],
  ]);
  assert.deepEqual(
    comparePassports(
      a,
      passport(
        [
          [2, 0.01],
          [0, 5],
          [1, 1.01],
        ],
        "b",
      ),
      "cosine",
    ).same,
    true,
  );
});

test("one other probe is enough to be another passport", () => {
  const { same, cosines } = comparePassports(
    passport([
      [1, 0],
      [0, 1],
      [1, 1],
    ]),
    passport([
      [1, 0],
      [0, 1],
      [1, 0.9],
    ]),
    "cosine",
  );
  assert.equal(same, false);
  assert.equal(cosines[0], 1);
  assert.ok(cosines[2]! < 0.999);
});

test("another dimension, missing probes and zeros are never the same", () => {
  assert.deepEqual(comparePassports(passport([[1, 0]]), passport([[1, 0, 0]]), "cosine"), {
    same: false,
    difference: "direction",
    cosines: [0],
  });
  assert.equal(
    comparePassports(
      passport([[1, 0]]),
      passport([
        [1, 0],
        [1, 0],
      ]),
      "cosine",
    ).same,
    false,
  );
  assert.equal(comparePassports(passport([]), passport([]), "cosine").same, false);
  assert.equal(comparePassports(passport([[0, 0]]), passport([[0, 0]]), "cosine").same, false);
});

for (const metric of ["ip", "l2"] as const) {
  test(`the same directions in other lengths are another passport for metric ${metric}, and the error names the setting`, () => {
    const [unit, raw] = [passport([[1, 0]]), passport([[20, 0]])];
    assert.deepEqual(comparePassports(unit, raw, metric), { same: false, difference: "length", cosines: [1] });
    assert.equal(comparePassports(unit, passport([[1.005, 0]]), metric).same, true);
    const error = passportMismatch(unit, raw, "photos", { metric });
    assert.match(error.message, /expected lengths 1\.000 .*found 20\.00/);
    assert.match(error.hint, /`embedder\.normalize` to true/);
    assert.match(passportMismatch(raw, unit, "photos", { metric }).hint, /`embedder\.normalize` to false/);
  });
}

test("lengths tell nothing apart where vectors are compared by their cosine", () => {
  assert.equal(comparePassports(passport([[1, 0]]), passport([[20, 0]]), "cosine").same, true);
});

test("the mismatch error shows both sides and the cosines", () => {
  const error = passportMismatch(passport([[1, 0]], "efficientnet"), passport([[0, 1]], "clip"), "photos", { metric: "cosine" });
  assert.equal(error.code, "passport_mismatch");
  assert.match(error.message, /photos.*"efficientnet".*"clip".*0\.0000/);
});

test("the mismatch error names the labels that differ, and says so when none does", () => {
  const side = (version: string): Passport => ({
    probes: [[Number(version), 1]],
    labels: { model: `m ${version}`, preprocessing: "crop" },
  });
  const differing = passportMismatch(side("0"), side("2"), "photos", { metric: "cosine" });
  assert.match(differing.message, /"m 0".*"m 2"/);
  assert.doesNotMatch(differing.message, /crop/);
  const alike = passportMismatch(passport([[1, 0]], "m"), passport([[0, 1]], "m"), "photos", { metric: "cosine" });
  assert.match(alike.message, /model "m".* other vectors under the same names/);
  assert.equal(alike.message.split('"m"').length, 2);
});
