/** What a call does after its last row, and what it says when that goes wrong. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { memoryDecoder, memoryEmbedder, memoryStore } from "../../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, type IngestRun, ServiceConfig } from "../../src/app/index.js";
import { HeadraceError, type IngestInput } from "../../src/contracts/index.js";

describe("after the last row", () => {
  let folder = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "headrace-upkeep-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  type Before = (call: string) => void | Promise<void>;
  const open = (before: Before): Promise<ImageEmbeddingPipeline> =>
    ImageEmbeddingPipeline.open(new ServiceConfig({ lancedb: { path: folder } }), {
      own: { store: memoryStore({ beforeCall: before }), decoder: memoryDecoder(), embedder: memoryEmbedder() },
    });

  it("upkeep is done by a call that stored nothing, as an earlier one may have been killed before its own", async () => {
    let upkeeps = 0;
    await using pipeline = await open((call) => {
      if (call === "upkeep") upkeeps += 1;
    });
    await pipeline.insertImages({ inputs: [Uint8Array.of(1)] });
    const { stats } = await pipeline.insertImages({ inputs: [Uint8Array.of(1)] });
    assert.deepEqual([stats.stored, stats.skipped, upkeeps], [0, 1, 2]);
  });

  for (const call of ["settle", "upkeep"]) {
    it(`what was stored is told when ${call} fails`, async () => {
      const refusal = new HeadraceError("config_invalid", "the server refuses the index");
      await using pipeline = await open((name) => {
        if (name === call) throw refusal;
      });
      const { ids, stats } = await pipeline.insertImages({ inputs: [Uint8Array.of(1)] });
      assert.deepEqual([ids.length, stats.ended, stats.stored, stats.upkeepError], [1, "completed", 1, refusal]);
      assert.equal(stats.error, undefined);
    });
  }

  it("the hard signal ends upkeep, and the call rejects with the signal's reason as the cause", async () => {
    const controller = new AbortController();
    const reason = new Error("the client has gone");
    await using pipeline = await open(async (call) => {
      if (call !== "upkeep") return;
      controller.abort(reason);
    });
    await assert.rejects(
      pipeline.insertImages({ inputs: [Uint8Array.of(1)], signal: controller.signal }),
      (error) => HeadraceError.is(error) && error.code === "aborted" && error.cause === reason && /1 of 1/.test(error.message),
    );
    assert.equal(await pipeline.count("images"), 1);
  });

  it("an abort on the way has the signal's reason as its cause too", async () => {
    const controller = new AbortController();
    const reason = new Error("the client has gone");
    await using pipeline = await open((call) => {
      if (call === "upsert") controller.abort(reason);
    });
    await assert.rejects(
      pipeline.insertImages({ inputs: [Uint8Array.of(1)], signal: controller.signal }),
      (error) => HeadraceError.is(error) && error.code === "aborted" && error.cause === reason,
    );
  });

  it("a soft stop begins no upkeep", async () => {
    let upkeeps = 0;
    await using pipeline = await open((call) => {
      if (call === "upkeep") upkeeps += 1;
    });
    const run: IngestRun = await pipeline.ingest({
      inputs: async function* () {
        yield input(1);
        run.drain();
        yield input(2);
      },
      collectionName: "images",
      schedule: "overlapped",
    });
    assert.equal((await run.done).ended, "drained");
    assert.equal(upkeeps, 0);
  });

  it("a soft stop during upkeep leaves it to the next call, which is no error", async () => {
    let upkeeps = 0;
    let drain = (): void => undefined;
    await using pipeline = await open((call) => {
      if (call !== "upkeep") return;
      upkeeps += 1;
      drain();
    });
    const request = { inputs: inputsOf(1), collectionName: "images", schedule: "overlapped" } as const;
    const first = await pipeline.ingest(request);
    drain = () => first.drain();
    const stats = await first.done;
    assert.deepEqual([stats.ended, stats.stored, stats.upkeepError], ["completed", 1, undefined]);
    drain = () => undefined;
    await (await pipeline.ingest(request)).done;
    assert.equal(upkeeps, 2);
  });

  it("of calls that end during one's upkeep, none waits for another", async () => {
    let upkeeps = 0;
    let finish = (): void => undefined;
    await using pipeline = await open(async (call) => {
      if (call !== "upkeep") return;
      upkeeps += 1;
      await new Promise<void>((fulfil) => {
        finish = fulfil;
      });
    });
    const slow = pipeline.insertImages({ inputs: [Uint8Array.of(1)] });
    while (upkeeps === 0) await new Promise((fulfil) => setImmediate(fulfil));
    for (let call = 2; call < 6; call += 1) await pipeline.insertImages({ inputs: [Uint8Array.of(call)] });
    assert.equal(upkeeps, 1);
    finish();
    await slow;
  });

  it("compaction ends with its signal", async () => {
    await using pipeline = await open(() => undefined);
    await pipeline.insertImages({ inputs: [Uint8Array.of(1)] });
    await assert.rejects(
      pipeline.compactCollection("images", { signal: AbortSignal.abort() }),
      (error) => HeadraceError.is(error) && error.code === "aborted",
    );
  });

  it("a copy tells what it stored when its upkeep fails", async () => {
    let isDone = false;
    await using pipeline = await open((call) => {
      if (call === "upkeep" && isDone) throw new HeadraceError("disk_full", "planted");
    });
    await pipeline.insertImages({ inputs: [Uint8Array.of(1)], collectionName: "photos" });
    isDone = true;
    const run = await pipeline.copyCollection({ from: { collection: "photos" }, to: { collection: "copy" } });
    const report = await run.done;
    assert.deepEqual([report.ended, report.stored, report.upkeepError?.code], ["completed", 1, "disk_full"]);
  });
});

function input(byte: number): IngestInput {
  const data = Uint8Array.of(byte);
  const uri = `bytes:${byte}`;
  const ref = { uri, location: uri, scheme: "data", root: "bytes:", version: uri, sizeBytes: 1, metadata: {}, data };
  return { id: uri, ref };
}

function inputsOf(...bytes: readonly number[]): () => AsyncIterable<IngestInput> {
  return async function* () {
    for (const byte of bytes) yield input(byte);
  };
}
