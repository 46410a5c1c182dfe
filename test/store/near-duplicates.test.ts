/** Frames of one video differ by less than the codes of the vector index can tell. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { batchOf, calm } from "../conformance/store-rows-data.js";
import { passport } from "./rows.js";
import { openTestStore } from "./stores.js";

test("an image finds itself first among 2,000 near-duplicates, with the index", async () => {
  const [count, dimension] = [2_000, 64];
  const frames = Array.from({ length: count }, (_, frame) => {
    const noise = (at: number) => 0.02 * Math.sin(frame * 12.9898 + at * 78.233 * (1 + (frame % 7)));
    return { id: `frame ${frame}`, vector: Array.from({ length: dimension }, (_, at) => Math.cos(at) + noise(at)) };
  });
  const store = await openTestStore();
  for (const metric of ["cosine", "l2"] as const) {
    const collection = await store.store.create(metric, { dimension, metric, passport, index: "ivf_rq" });
    await collection.upsert(batchOf(frames), calm);
    await collection.upkeep("owed", calm);
    assert.equal((await collection.stats()).index, "ivf_rq");
    const asked = frames.filter((_, frame) => frame % 40 === 0);
    const found = await collection.search(
      asked.map(({ vector }) => Float32Array.from(vector)),
      { topK: 10 },
    );
    const best = found.map(([hit]) => hit?.id);
    const wanted = asked.map(({ id }) => id);
    assert.deepEqual(best, wanted, metric);
    await collection.close();
  }
  await store.close();
});
