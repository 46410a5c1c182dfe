import assert from "node:assert/strict";
import { test } from "node:test";
import { retryAfterMs } from "./retry-after.js";

const nowMs = Date.parse("2030-01-01T00:00:00Z");

test("seconds and dates are understood; everything else is as if the header were absent", () => {
  assert.equal(retryAfterMs("120", nowMs), 120_000);
  assert.equal(retryAfterMs(" 0 ", nowMs), 0);
  assert.equal(retryAfterMs("Tue, 01 Jan 2030 00:00:30 GMT", nowMs), 30_000);
  assert.equal(retryAfterMs("Mon, 31 Dec 2029 23:59:00 GMT", nowMs), 0, "a date that has passed");
  for (const header of [undefined, "", "soon", "-5", "1.5x"]) assert.equal(retryAfterMs(header, nowMs), null, header);
});
