import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { RunSnapshot } from "../contracts/index.js";
import { ProgressLine } from "./progress.js";

const snapshot = (elapsedMs: number, stored: number, skipped = 0): RunSnapshot => ({
  read: stored + skipped,
  stored,
  reused: 0,
  skipped,
  failed: 0,
  abandoned: 0,
  elapsedMs,
  inFlightBytes: 0,
  stages: [],
});

describe("the progress line", () => {
  it("shows the speed from its first showing, and counts in the given unit", () => {
    assert.match(
      new ProgressLine("rows").render(snapshot(2_000, 900, 100), 3_000),
      /^1,000\/3,000 · 100 skipped · 500 rows\/s · 0:04 left/,
    );
    assert.match(new ProgressLine().render(snapshot(1_000, 5), null), /^5 · 5\.0 images\/s/);
  });

  it("shows the speed of the last ten seconds", () => {
    const line = new ProgressLine();
    for (let second = 1; second <= 20; second += 1) line.render(snapshot(second * 1_000, second * 100), null);
    for (let second = 21; second <= 31; second += 1) line.render(snapshot(second * 1_000, 2_000 + (second - 20) * 10), null);
    assert.match(line.render(snapshot(32_000, 2_120), null), /· 10 images\/s/);
  });
});
