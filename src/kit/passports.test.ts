/** Probe images and the comparison of passports. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { inflateSync } from "node:zlib";
import type { Passport } from "../contracts/index.js";
import { comparePassports, passportMismatch, probeImages } from "./passports.js";

const passport = (probes: readonly (readonly number[])[], model = "a"): Passport => ({ probes, labels: { model } });

test("there are three probes, none square, the same at every call", () => {
  const first = probeImages();
  assert.equal(first.length, 3);
  assert.deepEqual(probeImages(), first);
  for (const { bytes } of first) {
    const view = Buffer.from(bytes);
    assert.notEqual(view.readUInt32BE(16), view.readUInt32BE(20));
  }
});

test("the probes' pixels never change: collections hold vectors of them", () => {
  const found = probeImages().map(({ bytes }) => {
    const view = Buffer.from(bytes);
    const length = view.readUInt32BE(33);
    return createHash("sha256")
      .update(inflateSync(view.subarray(41, 41 + length)))
      .digest("hex")
      .slice(0, 16);
  });
  assert.deepEqual(found, ["dad651a6af026723", "376d5b7999380bc2", "169e8297623aa63c"]);
});

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
  );
  assert.equal(same, false);
  assert.equal(cosines[0], 1);
  assert.ok(cosines[2]! < 0.999);
});

test("another dimension, missing probes and zeros are never the same", () => {
  assert.deepEqual(comparePassports(passport([[1, 0]]), passport([[1, 0, 0]])), { same: false, cosines: [0] });
  assert.equal(
    comparePassports(
      passport([[1, 0]]),
      passport([
        [1, 0],
        [1, 0],
      ]),
    ).same,
    false,
  );
  assert.equal(comparePassports(passport([]), passport([])).same, false);
  assert.equal(comparePassports(passport([[0, 0]]), passport([[0, 0]])).same, false);
});

test("the mismatch error shows both sides and the cosines", () => {
  const error = passportMismatch(passport([[1, 0]], "efficientnet"), passport([[0, 1]], "clip"), "photos");
  assert.equal(error.code, "passport_mismatch");
  assert.match(error.message, /photos.*"efficientnet".*"clip".*0\.0000/);
});
