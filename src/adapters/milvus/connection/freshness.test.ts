import assert from "node:assert/strict";
import { it } from "node:test";
import { Freshness } from "./freshness.js";

it("the first read is strong, later ones wait for this process' writes alone, and only once", () => {
  const freshness = new Freshness();
  assert.equal(freshness.own.consistency_level, "Strong");
  freshness.answered(freshness.own);
  assert.deepEqual(freshness.own, { consistency_level: "Bounded" });
  freshness.wrote(7n);
  freshness.wrote(5n);
  const session = freshness.own;
  assert.deepEqual(session, { consistency_level: "Session", guarantee_timestamp: "7" });
  freshness.wrote(9n);
  freshness.answered(session);
  assert.equal(freshness.own.guarantee_timestamp, "9", "a write after the read was asked is not covered by it");
  freshness.answered(freshness.own);
  assert.equal(freshness.own.consistency_level, "Bounded");
  freshness.wrote(0n);
  assert.equal(freshness.own.consistency_level, "Strong", "a write at an unknown moment");
});

it("the pages of a scan wait for its moment and for this process' writes, or are strong if one of them is not known", () => {
  const freshness = new Freshness();
  assert.equal(freshness.since(5n).consistency_level, "Strong", "the first read");
  freshness.answered(freshness.strong);
  assert.deepEqual(freshness.since(5n), { consistency_level: "Session", guarantee_timestamp: "5" });
  freshness.wrote(7n);
  assert.equal(freshness.since(5n).guarantee_timestamp, "7");
  assert.equal(freshness.since(9n).guarantee_timestamp, "9");
  assert.equal(freshness.since(null).consistency_level, "Strong");
  freshness.wrote(0n);
  assert.equal(freshness.since(9n).consistency_level, "Strong", "a write at an unknown moment");
});
