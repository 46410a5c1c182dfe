/** How many embedded images wait for a write, and how long. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryStore } from "../../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, ServiceConfig } from "../../src/app/index.js";
import { pacedImages, pacedParts } from "../fakes/paced-parts.js";

const quick = { sourceMs: 0, decodeMs: 0, batchMs: 0, imageMs: 0, writeMs: 0 };

test("queue_maxsize limits the images that wait to be written, down to one full write", async () => {
  for (const [queueMaxsize, most] of [
    [7, 7],
    [2, 5],
  ] as const) {
    const config = new ServiceConfig({ asyncPipeline: { queueMaxsize, insertBatchSize: 5, insertWorkers: 1 } });
    await using pipeline = await ImageEmbeddingPipeline.open(config, { own: pacedParts({ ...quick, writeMs: 20 }) });
    const { stats } = await pipeline.insertImagesAsync({ inputs: pacedImages(100, quick), collectionName: "c" });
    const store = stats.stages.find(({ name }) => name === "store");
    assert.equal(stats.stored, 100);
    assert.equal(store?.maxQueued, most);
  }
});

test("insert_linger_ms: an incomplete write waits this long for more rows", async () => {
  for (const insertLingerMs of [0, 60_000]) {
    let resume = () => {};
    const written = new Promise<void>((resolve) => {
      resume = resolve;
    });
    const store = memoryStore({ beforeCall: async (call) => void (call === "upsert" && resume()) });
    const config = new ServiceConfig({ asyncPipeline: { insertLingerMs } });
    await using pipeline = await ImageEmbeddingPipeline.open(config, { own: { ...pacedParts(quick), store } });
    const inputs = async function* () {
      yield* pacedImages(3, quick);
      // With a short linger time the rows are written while the source is silent. With a long one only the end of the source ends the wait.
      if (insertLingerMs === 0) await written;
    };
    const { stats } = await pipeline.insertImagesAsync({ inputs: inputs(), collectionName: "c" });
    assert.equal(stats.stored, 3);
    if (insertLingerMs > 0) assert.equal(stats.stages.find(({ name }) => name === "store")?.batches, 1);
  }
});
