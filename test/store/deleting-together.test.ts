/** Deletions and restorations while other calls write to the same collection. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { lancedbStore } from "../../src/adapters/lancedb/index.js";
import { memoryDecoder, memoryEmbedder, memoryStore } from "../../src/adapters/memory/index.js";
import { deleteKept } from "../../src/app/deletions/delete-kept.js";
import { ImageEmbeddingPipeline, listImages, listInputs, ServiceConfig } from "../../src/app/index.js";
import { PipelineParts } from "../../src/app/wiring/pipeline-parts.js";
import type { Collection, Key, VectorStore } from "../../src/contracts/index.js";
import { batchOf, calm, idsOf } from "../conformance/store-rows-data.js";
import { proxied } from "../support/killable.js";
import { rowsFrom, schema } from "./rows.js";

const images = 300;
const [old, recent] = [1_700_000_000_000, 1_800_000_000_000];

/** A store that tells of each batch that a scan with vectors gives. */
function besideScans(store: VectorStore, onBatch: () => Promise<void>): VectorStore {
  const openCollection: VectorStore["openCollection"] = async (...args) => {
    const collection = await store.openCollection(...args);
    return proxied(collection, {
      async *scan(options: Parameters<Collection["scan"]>[0]) {
        for await (const rows of collection.scan(options)) {
          yield rows;
          if (options.vectors === "include") await onBatch();
        }
      },
    });
  };
  return proxied(store, { openCollection });
}

describe("deletions and restorations beside other calls", () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "headrace-deleting-"));
  });
  after(() => rm(folder, { recursive: true }));

  it("leave a row that changes after it was written to the file, and ask for each row just before it goes", async () => {
    const path = join(folder, "changing");
    const parts = new PipelineParts(new ServiceConfig({ lancedb: { path } }).settings());
    const store = await parts.store(calm);
    const collection = await store.create("photos", schema);
    await collection.upsert(batchOf(rowsFrom(0, 1_200), old), calm);
    const asked: Key[] = [];
    const deleted = await deleteKept(
      parts,
      collection,
      rowsFrom(0, 1_200).map(({ id }) => id),
      {
        command: "sync",
        signal: calm,
        mayDelete: async ({ id, vector }) => {
          assert.equal(vector, null);
          // The first group of rows is on its way; these rows are in the second.
          if (asked.length === 0) {
            await collection.upsert(batchOf([{ id: "row 700", facts: { version: "another" } }], recent), calm);
            await collection.upsert(batchOf([{ id: "row 701", metadata: { n: 701, tag: "new" } }], old), calm);
          }
          asked.push(id);
          return id !== "row 3";
        },
      },
    );
    assert.equal(deleted, 1_197);
    assert.ok(asked.includes("row 3") && !asked.includes("row 700") && !asked.includes("row 701"));
    assert.deepEqual(await idsOf(collection), ["row 3", "row 700", "row 701"]);
    await collection.close();
    await parts.close();
  });

  it("keep no file of a deletion that has deleted nothing", async () => {
    const path = join(folder, "refused");
    const parts = new PipelineParts(new ServiceConfig({ lancedb: { path } }).settings());
    const collection = await (await parts.store(calm)).create("photos", schema);
    await collection.upsert(batchOf(rowsFrom(0, 10), old), calm);
    const ids = rowsFrom(0, 10).map(({ id }) => id);
    assert.equal(await deleteKept(parts, collection, ids, { command: "sync", signal: calm, mayDelete: () => false }), 0);
    assert.deepEqual(await readdir(join(path, "deleted", "photos")), []);
    const stopped = AbortSignal.abort();
    await assert.rejects(deleteKept(parts, collection, ids, { command: "sync", signal: stopped }), { code: "aborted" });
    assert.deepEqual(await readdir(join(path, "deleted", "photos")), []);
    assert.equal(await collection.count(), 10);
    await collection.close();
    await parts.close();
  });

  for (const [name, make] of [
    ["LanceDB", () => lancedbStore({ path: join(folder, "racing") })],
    ["the memory store", () => memoryStore()],
  ] as const) {
    it(`never replace a row that another call of ${name} writes at the same time`, async () => {
      const store: VectorStore = make();
      await store.open?.(calm);
      const collection = await store.create("photos", schema);
      for (let round = 0; round < 20; round += 1) {
        const made = rowsFrom(round * 50, 50);
        const newer = () => collection.upsert(batchOf(made, recent), calm);
        const older = () => collection.insertAbsent!(batchOf(made, old), calm);
        const [first, second] = round % 2 === 0 ? [newer, older] : [older, newer];
        const both = await Promise.all([first(), second()]);
        for (const result of both) assert.deepEqual("failures" in result ? result.failures : result, []);
        const found = await collection.get(
          made.map(({ id }) => id),
          { vectors: "omit" },
        );
        assert.deepEqual([found.length, ...new Set(found.map(({ ingestedAt }) => ingestedAt))], [50, recent], `round ${round}`);
      }
      const mixed = batchOf([...rowsFrom(0, 1), { id: "", vector: [1, 0, 0, 0] }, ...rowsFrom(5_000, 1)], old);
      const { failures, present } = await collection.insertAbsent!(mixed, calm);
      assert.deepEqual([failures.map(({ index, error }) => [index, error.code]), present], [[[1, "id_invalid"]], [0]]);
      assert.equal(await collection.count(), 20 * 50 + 1);
      await collection.close();
      await store.close?.();
    });
  }

  it("keep the rows that other processes write while a collection is written to the file before it is dropped", async () => {
    const store = memoryStore();
    const collection = await store.create("photos", schema);
    await collection.upsert(batchOf(rowsFrom(0, 2_500), old), calm);
    let scans = 0;
    const beside = besideScans(store, async () => {
      scans += 1;
      if (scans > 1) return;
      await collection.upsert(batchOf([{ id: "late" }, { id: "row 7", facts: { version: "another" } }], recent), calm);
    });
    const config = new ServiceConfig({ lancedb: { path: join(folder, "dropping") } });
    await using pipeline = await ImageEmbeddingPipeline.open(config, { parts: "lazy", own: { store: beside } });
    await pipeline.dropCollection("photos");
    const files = await pipeline.deletedFiles("photos");
    assert.deepEqual(
      files.map(({ rows }) => rows),
      [2, 2_500],
    );
    for (const { file } of files) await (await pipeline.restore({ collectionName: "photos", file }).start()).done;
    assert.equal(await pipeline.count("photos"), 2_501);
    const [changed] = await pipeline.rows("photos", ["row 7"]);
    assert.deepEqual([changed?.facts.version, changed?.ingestedAt], ["another", recent]);
  });

  it("restore while the same images are ingested again: each row is there once, and what the ingestion stored is newer", async () => {
    const photos = join(folder, "photos");
    await mkdir(photos);
    for (let index = 0; index < images; index += 1) await writeFile(join(photos, `${index}.jpg`), `photo ${index}`);
    const config = new ServiceConfig({ lancedb: { path: join(folder, "ingesting") }, asyncPipeline: { insertBatchSize: 10 } });
    const own = { embedder: memoryEmbedder(), decoder: memoryDecoder() };
    await using pipeline = await ImageEmbeddingPipeline.open(config, { own });
    await pipeline.insertImagesAsync({ inputs: listImages({ paths: [photos] }), collectionName: "photos" });
    const deletedAt = Date.now();
    assert.equal(await pipeline.deleteByFilter("photos", "width > 0"), images);
    const stored = new Set<Key>();
    const [run, restoration] = await Promise.all([
      pipeline.ingest({
        inputs: listInputs({ paths: [photos] }),
        collectionName: "photos",
        schedule: "overlapped",
        onOutcome: (outcome) => {
          if (outcome.kind === "stored") stored.add(outcome.id);
        },
      }),
      pipeline.restore({ collectionName: "photos", file: "latest" }).start(),
    ]);
    const [ingested, restored] = await Promise.all([run.done, restoration.done]);
    assert.deepEqual([ingested.ended, ingested.failed, restored.ended, restored.failed], ["completed", 0, "completed", 0]);
    assert.equal(restored.stored + restored.skipped, images);
    let rows = 0;
    for await (const batch of pipeline.scan("photos", { vectors: "omit" })) {
      rows += batch.length;
      for (const { id, ingestedAt } of batch) if (stored.has(id)) assert.ok(ingestedAt >= deletedAt, String(id));
    }
    assert.equal(rows, images);
  });
});
