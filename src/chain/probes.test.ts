/** Probe images: the same for ever. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { inflateSync } from "node:zlib";
import { probeImages } from "./probes.js";

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
