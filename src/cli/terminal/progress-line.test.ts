import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { RunSnapshot, StageReport } from "../../contracts/index.js";
import { ProgressLine } from "./progress-line.js";

const snapshot = (elapsedMs: number, stored: number, more: Partial<RunSnapshot> = {}): RunSnapshot => ({
  read: stored,
  stored,
  reused: 0,
  skipped: 0,
  failed: 0,
  abandoned: 0,
  elapsedMs,
  inFlightBytes: 0,
  stages: [],
  ...more,
});

const stage = (name: string, busyMs: number): StageReport => ({
  name,
  workers: 1,
  items: 1,
  batches: 1,
  busyMs,
  starvedMs: 1_000 - busyMs,
  blockedMs: 0,
  waitingMs: 0,
  retries: 0,
  maxQueued: 0,
});

const unknown = { total: null, width: 120 };

describe("the progress line", () => {
  it("shows the speed from its first showing, and counts in the given unit", () => {
    assert.match(
      new ProgressLine("rows").render(snapshot(2_000, 900), { total: 2_900, width: 120 }),
      /^900\/2,900 · 450 rows\/s · 0:04 left/,
    );
    assert.match(new ProgressLine().render(snapshot(1_000, 5), unknown), /^5 · 5\.0 images\/s/);
  });

  it("shows the speed of the last ten seconds", () => {
    const line = new ProgressLine();
    for (let second = 1; second <= 20; second += 1) line.render(snapshot(second * 1_000, second * 100), unknown);
    for (let second = 21; second <= 31; second += 1) line.render(snapshot(second * 1_000, 2_000 + (second - 20) * 10), unknown);
    assert.match(line.render(snapshot(32_000, 2_120), unknown), /· 10 images\/s/);
  });

  it("reckons speed and time left from what is done, not from what is skipped", () => {
    const line = new ProgressLine();
    const text = line.render(snapshot(4_000, 80, { skipped: 1_001 }), { total: 1_348, width: 120 });
    assert.match(text, /^1,081\/1,348 · 20 images\/s · 0:13 left · 1,001 skipped/);
  });

  it("while everything is skipped, shows how fast", () => {
    const text = new ProgressLine().render(snapshot(2_000, 0, { skipped: 1_000 }), { total: 3_000, width: 120 });
    assert.match(text, /^1,000\/3,000 · 500 skipped\/s · 0:04 left/);
  });

  it("leaves out what does not fit, the busy stage first and failures last", () => {
    const now = snapshot(1_000, 100, { failed: 3, skipped: 2, stages: [stage("decode", 600), stage("embed", 920)] });
    const render = (width: number): string => new ProgressLine().render(now, { total: 200, width });
    const whole = "105/200 · 3 failed · 103 images/s · 0:01 left · 2 skipped · mostly embedding (92%)";
    assert.equal(render(whole.length), whole);
    assert.equal(render(whole.length - 1), "105/200 · 3 failed · 103 images/s · 0:01 left · 2 skipped");
    assert.equal(render(20), "105/200 · 3 failed");
    assert.equal(render(5), "105/200");
  });

  it("shows how busy the model is on its server, where that is known", () => {
    const now = snapshot(1_000, 100);
    const line = (source: "gpu" | "model") => new ProgressLine().render(now, { ...unknown, server: { busyShare: 0.558, source } });
    assert.match(line("gpu"), / · GPU busy 56%$/);
    assert.match(line("model"), / · model busy 56%$/);
  });
});
