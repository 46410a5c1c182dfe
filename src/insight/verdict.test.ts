/** What limited a run is said of the stage that it waited for. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunReport, StageReport } from "../contracts/index.js";
import { verdict } from "./index.js";

const stage = (name: string, workers: number, times: Partial<StageReport>): StageReport => ({
  name,
  workers,
  items: 96,
  batches: 3,
  retries: 0,
  busyMs: 0,
  starvedMs: 0,
  blockedMs: 0,
  waitingMs: 0,
  maxQueued: 0,
  ...times,
});
const report = (stages: readonly StageReport[]): RunReport => ({
  ended: "completed",
  read: 96,
  stored: 96,
  reused: 0,
  skipped: 0,
  failed: 0,
  abandoned: 0,
  elapsedMs: 100_000,
  inFlightBytes: 0,
  peakBytes: 0,
  stages,
});

test("a stage that ended early is not the limit of what came after it", () => {
  const decode = stage("decode", 2, { busyMs: 1_900, blockedMs: 100 });
  const embed = stage("embed", 2, { busyMs: 1_000, waitingMs: 139_000, starvedMs: 60_000 });
  assert.equal(
    verdict(report([decode, embed])),
    "embed is the limit: its 2 workers were in use 70 % of the time, most of it waiting for its service.",
  );
});

test("a stage that waits for room is not the limit", () => {
  const decode = stage("decode", 2, { busyMs: 20_000, blockedMs: 180_000 });
  const embed = stage("embed", 1, { busyMs: 90_000, starvedMs: 10_000 });
  assert.equal(verdict(report([decode, embed])), "embed is the limit: its worker was in use 90 % of the time.");
});

test("what waited for input is named beside the limit", () => {
  const decode = stage("decode", 2, { busyMs: 190_000, starvedMs: 10_000 });
  const embed = stage("embed", 1, { busyMs: 30_000, starvedMs: 70_000 });
  assert.equal(
    verdict(report([decode, embed])),
    "decode is the limit: its 2 workers were in use 95 % of the time; embed waited for input.",
  );
});
