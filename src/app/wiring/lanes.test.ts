/** How wide a call makes its lanes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ServiceConfig } from "../configuration/service-config.js";
import { ingestWidths } from "./lanes.js";

const configured = 4;
const perWorker = 2;
const settings = new ServiceConfig({ asyncPipeline: { embeddingWorkers: configured } }).settings();
const embedder = { feed: { preferredBatch: 4, maxBatch: 32, parallel: configured * perWorker } };

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
