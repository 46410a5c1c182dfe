import assert from "node:assert/strict";
import { test } from "node:test";
import { isVectorVersion, vectorVersion } from "./vector-version.js";

test("the version is that of the numbers, wherever they are in memory, and another number or source gives another version", () => {
  const vector = Float32Array.of(0.6, 0.8);
  const within = Float32Array.of(1, 0.6, 0.8, 1).subarray(1, 3);
  assert.equal(vectorVersion(within, "a.jpg"), vectorVersion(vector, "a.jpg"));
  assert.notEqual(vectorVersion(Float32Array.of(0.8, 0.6), "a.jpg"), vectorVersion(vector, "a.jpg"));
  assert.notEqual(vectorVersion(vector, "b.jpg"), vectorVersion(vector, "a.jpg"));
  assert.match(vectorVersion(vector, "a.jpg"), /^vector:[0-9a-f]{32}$/);
});

test("versions of files, objects and images in memory are not taken for it", () => {
  for (const version of ["", "12-1700000000000000000-1700000000000000000", '"5d41402abc4b2a76b9719d911017c592"', "sha256:00"]) {
    assert.equal(isVectorVersion(version), false, version);
  }
  assert.equal(isVectorVersion(vectorVersion(Float32Array.of(1), "")), true);
});
