/** The laws behind predictions, and the advice that follows from them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { RunReport, StageReport } from "../contracts/index.js";
import { ceilings, predictedSpeed, speedOf } from "./forecast.js";
import { type Knob, limitOf, type Resources, verdict } from "./index.js";

const elapsedMs = 10_000;

/** A stage of `workers`, each in use for `used` of the run and starved for the rest. */
function stage(name: string, workers: number, used: number, more: Partial<StageReport> = {}): StageReport {
  const total = workers * elapsedMs;
  const times = { busyMs: used * total, starvedMs: (1 - used) * total, blockedMs: 0, waitingMs: 0 };
  return { name, workers, items: 1_000, batches: 100, retries: 0, maxQueued: 0, ...times, ...more };
}

function report(stages: readonly StageReport[], stored = 1_000): RunReport {
  const counts = { read: stored, stored, reused: 0, skipped: 0, failed: 0, abandoned: 0 };
  return { ended: "completed", ...counts, elapsedMs, inFlightBytes: 0, peakBytes: 0, stages };
}

const resources = (more: Partial<Resources> = {}): Resources => ({ cores: 4, cpuShare: null, server: null, ...more });
const decodeKnob: Knob = { kind: "workers", stage: "decode", setting: "preprocess_workers", value: 2, most: Number.POSITIVE_INFINITY };
const modelKnob: Knob = { kind: "model", stage: "embed", setting: "embedder.model", value: "builtin", to: "builtin-int8", factor: 0.5 };

test("decoding is the limit: as many workers as bring it to the next limit, with the speed there", () => {
  const run = report([stage("decode", 2, 1), stage("embed", 2, 0.5), stage("store", 1, 0.1)]);
  const limit = limitOf(run, resources({ server: { busyShare: 0.56, source: "gpu" } }), [decodeKnob]);
  assert.deepEqual(limit, {
    stage: "decode",
    busyShare: 1,
    ceilingImagesPerSecond: 100,
    advice: [{ setting: "preprocess_workers", from: 2, to: 4, predictedImagesPerSecond: 178.6 }],
  });
});

test("the sentence names the limit, the server, the change, and what comes after it", () => {
  const run = report([stage("decode", 2, 1), stage("embed", 2, 0.6), stage("store", 1, 0.1)]);
  const shared = resources({ cores: 2, cpuShare: 0.75, server: { busyShare: 0.56, source: "gpu" } });
  assert.equal(
    verdict(run, shared, [decodeKnob]),
    "decode is the limit: its 2 workers were in use 100 % of the time; embed, store waited for input. " +
      "GPU busy 56 % (its server's figure); it waited for decode. " +
      "preprocess_workers 2 → 3 predicts 133 images/s (+33 %); beyond that, these 2 cores are the limit at 133 images/s.",
  );
});

test("cores that are in use already leave nothing to advise", () => {
  const run = report([stage("decode", 2, 0.97), stage("embed", 2, 0.5)]);
  const shared = resources({ cores: 2, cpuShare: 0.98 });
  assert.deepEqual(limitOf(run, shared, [decodeKnob])?.advice, []);
  assert.match(verdict(run, shared, [decodeKnob]), /No setting helps: these 2 cores are the limit\.$/);
});

test("a busy server leaves nothing to advise", () => {
  const run = report([stage("decode", 2, 0.3), stage("embed", 2, 1)]);
  const shared = resources({ server: { busyShare: 0.99, source: "model" } });
  const knob: Knob = { kind: "workers", stage: "embed", setting: "inflight_per_worker", value: 2, most: Number.POSITIVE_INFINITY };
  assert.deepEqual(limitOf(run, shared, [knob])?.advice, []);
  assert.match(verdict(run, shared, [knob]), /Model busy 99 % \(its server's figure\)\. No setting here helps: the model on its server/);
});

test("where inference uses up the cores, the int8 model is advised", () => {
  const run = report([stage("decode", 2, 0.5), stage("embed", 2, 1)]);
  const limit = limitOf(run, resources({ cores: 2, cpuShare: 1 }), [decodeKnob, modelKnob]);
  assert.deepEqual(limit?.advice, [{ setting: "embedder.model", from: "builtin", to: "builtin-int8", predictedImagesPerSecond: 150 }]);
});

test("a source that delivers too slowly is named, and no setting", () => {
  const run = report([stage("decode", 2, 0.2), stage("embed", 2, 0.4)]);
  const limit = limitOf(run, resources({ cpuShare: 0.3 }), [decodeKnob]);
  assert.deepEqual([limit?.stage, limit?.busyShare, limit?.advice], ["source", 0.8, []]);
});

test("a run that was short or stored nothing says so", () => {
  const run = report([stage("decode", 2, 1)]);
  assert.equal(limitOf({ ...run, elapsedMs: 2_000 }, resources(), [decodeKnob]), null);
  assert.equal(limitOf({ ...run, stored: 0 }, resources(), [decodeKnob]), null);
  assert.equal(verdict({ ...run, elapsedMs: 2_000 }), "The run was too short to say what limits it.");
});

const anyStage = (name: string) =>
  fc
    .record({ workers: fc.integer({ min: 1, max: 32 }), used: fc.double({ min: 0.01, max: 1, noNaN: true }) })
    .map(({ workers, used }) => stage(name, workers, used));
const anyRun = fc
  .tuple(anyStage("decode"), anyStage("embed"), anyStage("store"), fc.integer({ min: 1, max: 100_000 }))
  .map(([decode, embed, store, stored]) => report([decode, embed, store], stored));
const anyShare = fc.option(fc.double({ min: 0.01, max: 1, noNaN: true }), { nil: null });
const anyResources = fc
  .tuple(anyShare, anyShare)
  .map(([cpuShare, busyShare]) => resources({ cpuShare, server: busyShare === null ? null : { busyShare, source: "model" } }));

test("no ceiling is below the measured speed, and without a change the prediction is the measured speed", () => {
  fc.assert(
    fc.property(anyRun, anyResources, (run, shared) => {
      const speed = speedOf(run);
      for (const { imagesPerSecond } of ceilings(run, shared)) assert.ok(imagesPerSecond >= speed * (1 - 1e-9));
      assert.ok(Math.abs(predictedSpeed(run, shared, { stages: {} }) / speed - 1) < 1e-9);
    }),
  );
});

test("more workers never predict less, and never more than the next limit or their own multiple", () => {
  fc.assert(
    fc.property(anyRun, anyResources, fc.integer({ min: 1, max: 16 }), (run, shared, times) => {
      const speed = speedOf(run);
      const all = ceilings(run, shared);
      const predicted = predictedSpeed(run, shared, { stages: { decode: 1 / times } });
      assert.ok(predicted >= speed * (1 - 1e-9));
      assert.ok(predicted <= speed * times * (1 + 1e-9));
      for (const { name, imagesPerSecond } of all) if (name !== "decode") assert.ok(predicted <= imagesPerSecond * (1 + 1e-9));
    }),
  );
});

test("advice is for the limiting stage, raises its setting within bounds, and gains at least 3 %", () => {
  fc.assert(
    fc.property(anyRun, anyResources, fc.integer({ min: 1, max: 16 }), fc.integer({ min: 1, max: 64 }), (run, shared, value, most) => {
      const limit = limitOf(run, shared, [{ kind: "workers", stage: "store", setting: "insert_workers", value, most }]);
      for (const { from, to, predictedImagesPerSecond } of limit?.advice ?? []) {
        assert.equal(limit?.stage, "store");
        assert.ok(from === value && typeof to === "number" && to > value && to <= most);
        assert.ok(predictedImagesPerSecond >= 1.03 * speedOf(run) - 0.1);
      }
    }),
  );
});
