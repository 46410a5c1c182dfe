import assert from "node:assert/strict";
import { test } from "node:test";
import type { ServerUse } from "../contracts/index.js";
import { type LoadRecord, serverLoad, withReading } from "./index.js";

const reading = (atMs: number, computeMs: number, more: Partial<ServerUse> = {}): ServerUse => ({
  atMs,
  computeMs,
  images: computeMs,
  instances: 1,
  gpuShare: null,
  ...more,
});
const loadOf = (...readings: readonly ServerUse[]) => serverLoad(readings.reduce<LoadRecord | null>(withReading, null));

test("the load is the time in which instances computed, over the time in which they could have", () => {
  assert.deepEqual(loadOf(reading(1_000, 500), reading(3_000, 1_500)), { busyShare: 0.5, source: "model" });
  assert.deepEqual(loadOf(reading(0, 0, { instances: 2 }), reading(2_000, 1_000, { instances: 2 })), { busyShare: 0.25, source: "model" });
});

test("the time after the last batch does not count", () => {
  assert.deepEqual(loadOf(reading(0, 0), reading(2_000, 2_000), reading(4_000, 2_000), reading(9_000, 2_000))?.busyShare, 1);
});

test("the GPU's own utilisation comes first", () => {
  assert.deepEqual(loadOf(reading(0, 0), reading(1_000, 900, { gpuShare: 0.4 }), reading(2_000, 1_800, { gpuShare: 0.6 })), {
    busyShare: 0.5,
    source: "gpu",
  });
});

test("counts that begin again after a restart begin a new record", () => {
  assert.deepEqual(loadOf(reading(0, 90_000), reading(1_000, 10), reading(3_000, 1_010))?.busyShare, 0.5);
});

test("too short to say", () => {
  assert.equal(loadOf(), null);
  assert.equal(loadOf(reading(0, 0)), null);
  assert.equal(loadOf(reading(0, 0), reading(1_000, 1_000)), null);
});
