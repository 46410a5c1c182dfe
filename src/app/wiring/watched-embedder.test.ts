import assert from "node:assert/strict";
import { test } from "node:test";
import type { Embedder } from "../../contracts/index.js";
import { plainSlab } from "../../kit/index.js";
import { WatchedEmbedder } from "./watched-embedder.js";

const calm = new AbortController().signal;

const inner: Required<Embedder> = {
  name: "inner",
  label: "a model",
  preset: "clip",
  presetFile: "clip.json",
  dimension: 2,
  input: { dtype: "uint8", layout: "NHWC", width: 1, height: 1 },
  tensors: { inputs: [], outputs: [], embedding: "embedding" },
  feed: { preferredBatch: 1, maxBatch: 4, parallel: 2 },
  notices: () => ["batches of 4 from now on"],
  open: async () => {},
  close: async () => {},
  check: async () => {},
  lease: (rows) => plainSlab(rows, 3),
  embed: async () => ({ dimension: 2, values: new Float32Array([1, 2]) }),
  serverUse: async () => ({ atMs: 0, images: 1, computeMs: 2, instances: 1, gpuShare: 0.5 }),
  diagnose: async () => [{ severity: "advice", part: "inner", message: "slow", hint: "none" }],
};

test("everything that an embedder says reaches whoever asks the watched one", async () => {
  const watched = new WatchedEmbedder(inner, () => {});
  for (const key of ["name", "label", "preset", "presetFile", "dimension", "input", "tensors", "feed"] as const)
    assert.deepEqual(watched[key], inner[key]);
  assert.deepEqual(watched.notices(), inner.notices());
  assert.deepEqual(await watched.serverUse(calm), await inner.serverUse(calm));
  assert.deepEqual(await watched.diagnose(calm), await inner.diagnose(calm));
  assert.deepEqual(await watched.embed(watched.lease(1), calm), await inner.embed(inner.lease(1), calm));
  // Opening and closing are the owner's.
  const offered = [...Object.keys(inner)].filter((key) => key !== "open" && key !== "close");
  assert.deepEqual(
    offered.filter((key) => !(key in watched)),
    [],
  );
});
