/** A collection begins with its first row: what it is then, and that nothing is left without one. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { type MemoryStore, memoryDecoder, memoryEmbedder, memoryStore } from "../../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, listInputs, ServiceConfig } from "../../src/app/index.js";
import { HeadraceError } from "../../src/contracts/index.js";

describe("a new collection", () => {
  let folder = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "headrace-new-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const open = (store?: MemoryStore): Promise<ImageEmbeddingPipeline> =>
    ImageEmbeddingPipeline.open(new ServiceConfig({ lancedb: { path: folder } }), {
      own: { decoder: memoryDecoder(), embedder: memoryEmbedder(), ...(store === undefined ? {} : { store }) },
    });

  it("is not left behind by a run whose inputs are not there", async () => {
    await using pipeline = await open();
    const run = await pipeline.ingest({
      inputs: listInputs({ paths: [join(folder, "nosuch")] }),
      collectionName: "photos",
      schedule: "overlapped",
    });
    assert.equal((await run.done).error?.code, "source_failed");
    assert.deepEqual(await pipeline.listCollections(), []);
  });

  it("is not left behind by a call without images", async () => {
    await using pipeline = await open();
    const { stats } = await pipeline.insertImages({ inputs: [] });
    assert.equal(stats.ended, "completed");
    assert.deepEqual(await pipeline.listCollections(), []);
  });

  it("is not left behind when every image is damaged", async () => {
    await using pipeline = await open();
    const { failures } = await pipeline.insertImagesAsync({ inputs: [Uint8Array.of(0xff, 1), Uint8Array.of(0xff, 2)] });
    assert.equal(failures.length, 2);
    assert.deepEqual(await pipeline.listCollections(), []);
  });

  it("is there when one of the images is good", async () => {
    await using pipeline = await open();
    await pipeline.insertImagesAsync({ inputs: [Uint8Array.of(0xff, 1), Uint8Array.of(1)] });
    const [found] = await pipeline.listCollections();
    assert.deepEqual([found?.name, found?.count, found?.passport?.probes.length], ["images", 1, 3]);
  });

  for (const [what, inputs, idType] of [
    ["numbers that stand beside the inputs", { inputs: [Uint8Array.of(1)], ids: [17] }, "int64"],
    ["numbers of described inputs", { inputs: [{ input: Uint8Array.of(1), id: 17 }] }, "int64"],
    ["big numbers of a stream", { inputs: stream({ input: Uint8Array.of(1), id: 17n }) }, "int64"],
    ["text", { inputs: [{ input: Uint8Array.of(1), id: "17" }] }, "text"],
    ["nothing", { inputs: [Uint8Array.of(1)] }, "text"],
  ] as const) {
    it(`has ids of type ${idType} when the first one is ${what}`, async () => {
      await using pipeline = await open();
      const { failures } = await pipeline.insertImages(inputs);
      assert.deepEqual(failures, []);
      assert.equal((await pipeline.collectionStats("images")).idType, idType);
    });
  }

  it("is tried again when its creation fails for a moment", async () => {
    let creations = 0;
    const store = memoryStore({
      beforeCall: (call) => {
        if (call !== "create") return;
        creations += 1;
        if (creations === 1) throw new HeadraceError("store_unavailable", "planted", { retryAfterMs: 1 });
      },
    });
    await using pipeline = await open(store);
    const { stats } = await pipeline.insertImages({ inputs: [Uint8Array.of(1)] });
    assert.deepEqual([stats.stored, creations], [1, 2]);
  });

  it("that does not come into being ends the run with the store's reason", async () => {
    const store = memoryStore({
      beforeCall: (call) => {
        if (call === "create") throw new HeadraceError("disk_full", "planted");
      },
    });
    await using pipeline = await open(store);
    await assert.rejects(pipeline.insertImages({ inputs: [Uint8Array.of(1)] }), /planted/);
  });
});

async function* stream<T>(...inputs: readonly T[]): AsyncGenerator<T> {
  yield* inputs;
}
