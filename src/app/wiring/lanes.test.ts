/** How wide a call makes its lanes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ServiceConfig } from "../configuration/service-config.js";
import { ingestWidths } from "./lanes.js";

const configured = 4;
const perWorker = 2;
const settings = new ServiceConfig({ asyncPipeline: { embeddingWorkers: configured } }).settings();
const embedder = { name: "onnx", feed: { preferredBatch: 4, maxBatch: 32, parallel: configured * perWorker } };

for (const [asked, calls] of [
  [undefined, 8],
  [1, 2],
  [2, 4],
  [3, 6],
  [4, 8],
  [8, 16],
] as const) {
  test(`with ${configured} embedding workers configured, a call for ${asked ?? "none"} keeps ${calls} requests open`, () => {
    const overrides = asked === undefined ? {} : { embeddingWorkers: asked };
    assert.equal(ingestWidths(settings, embedder, overrides).embedParallel, calls);
  });
}

for (const [asked, calls] of [
  [undefined, 16],
  [1, 4],
  [4, 16],
  [6, 24],
] as const) {
  test(`with two Triton servers of four instances each, a call for ${asked ?? "none"} keeps ${calls} requests open`, () => {
    const urls = ["a:8000", "b:8000"];
    const served = new ServiceConfig({ triton: { urls } }).settings();
    const triton = { name: "triton", feed: { preferredBatch: 32, maxBatch: 64, parallel: 16 } };
    const overrides = asked === undefined ? {} : { embeddingWorkers: asked };
    assert.equal(ingestWidths(served, triton, overrides).embedParallel, calls);
  });
}

test("an embedder gets batches of the size that it prefers, and a smaller size on request", () => {
  const batch = (batchSize: number | null) =>
    ingestWidths(new ServiceConfig({ preprocess: { batchSize } }).settings(), embedder, {}).embedBatch;
  assert.deepEqual([null, 32, 2].map(batch), [4, 4, 2]);
});
