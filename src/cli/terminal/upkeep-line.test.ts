import assert from "node:assert/strict";
import { test } from "node:test";
import { UpkeepLine } from "./upkeep-line.js";

test("the line shows the share of a step, rounded down, so that 100 % means done", () => {
  const line = new UpkeepLine();
  assert.equal(line.render(), null);
  line.see({ step: "building the index on vector", share: 0.629, rows: 1_000_000 });
  assert.equal(line.render(), "building the index on vector, 1,000,000 rows: 62 %");
  line.see({ step: "building the index on vector", share: 0.999, rows: null });
  assert.equal(line.render(), "building the index on vector: 99 %");
});

test("a step without a share shows the time since it began", () => {
  let nowMs = 5_000;
  const line = new UpkeepLine(() => nowMs);
  line.see({ step: "merging small files", share: null, rows: 1 });
  nowMs += 75_000;
  line.see({ step: "merging small files", share: null, rows: 1 });
  assert.equal(line.render(), "merging small files, 1 row: 1:15");
  line.see({ step: "building the index on year", share: null, rows: 2_000 });
  nowMs += 2_000;
  assert.equal(line.render(), "building the index on year, 2,000 rows: 0:02");
});
