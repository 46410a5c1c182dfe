/** Indexes that a user requests: `headrace collection index`, and `buildIndexes` in a program. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { lancedbStore } from "../../src/adapters/lancedb/index.js";
import { memoryDecoder, memoryEmbedder, memoryStore } from "../../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, ServiceConfig } from "../../src/app/index.js";
import type { RunEvent } from "../../src/contracts/index.js";
import { batchOf, calm } from "../conformance/store-rows-data.js";
import { rowsFrom } from "../store/rows.js";
import { type Workspace, workspace } from "./command.js";

interface IndexDocument {
  readonly collection: string;
  readonly indexes: readonly { readonly column: string; readonly type: string; readonly outcome: string; readonly rows: number }[];
  readonly elapsedMs: number;
}

describe("headrace collection index", { timeout: 120_000 }, () => {
  let space: Workspace;
  before(async () => {
    space = await workspace();
    const store = lancedbStore({ path: join(space.folder, "headrace-data") });
    await store.open(calm);
    const collection = await store.create("photos", { dimension: 16, metric: "cosine", passport: null, index: "none" });
    await collection.upsert(batchOf(rowsFrom(0, 300, 16)), calm);
    await collection.upkeep("all", calm);
    assert.equal((await collection.stats()).index, "none");
    await collection.close();
    await store.close();
  });
  after(() => space[Symbol.asyncDispose]());

  const index = async (...args: readonly string[]) => (await space.json(0, "collection", "index", "photos", ...args)) as IndexDocument;

  it("builds the index on vectors of a small collection without one, once", async () => {
    const { collection, indexes, elapsedMs } = await index();
    assert.deepEqual([collection, indexes], ["photos", [{ column: "vector", type: "ivf_rq", outcome: "built", rows: 300 }]]);
    assert.ok(elapsedMs >= 0);
    assert.equal((await index()).indexes[0]?.outcome, "unchanged");
    const { code, stdout, stderr } = await space.run("collection", "index", "photos");
    assert.deepEqual([code, stdout, stderr], [0, "photos: the index on vector was complete already (ivf_rq, 300 rows).\n", ""]);
  });

  it("builds indexes on keys, which the statistics show", async () => {
    const { indexes } = await index("--on", "n", "--on", "source");
    assert.deepEqual(
      indexes.map(({ column, outcome }) => [column, outcome]),
      [
        ["n", "built"],
        ["source", "built"],
      ],
    );
    const stats = (await space.json(0, "collection", "stats", "photos")) as { indexedKeys: readonly string[] };
    assert.deepEqual(stats.indexedKeys, ["n", "source"]);
    assert.match((await space.run("collection", "stats", "photos")).stdout, /indexes for filters: n, source\n/);
  });

  it("refuses a key that no row has, and names the keys that there are", async () => {
    const { error } = (await space.json(2, "collection", "index", "photos", "--on", "yaer")) as {
      error: { code: string; message: string };
    };
    assert.equal(error.code, "index_invalid");
    assert.match(error.message, /"yaer".*the keys are n/);
  });
});

describe("buildIndexes", () => {
  const open = () =>
    ImageEmbeddingPipeline.open(new ServiceConfig(), {
      own: { store: memoryStore(), decoder: memoryDecoder(), embedder: memoryEmbedder() },
    });

  it("returns what was done for each column, and refuses what is no column", async () => {
    await using pipeline = await open();
    await pipeline.insertImages({ inputs: [{ input: Uint8Array.of(1), id: "a", metadata: { year: 2020 } }], collectionName: "photos" });
    assert.deepEqual(await pipeline.buildIndexes("photos"), [{ column: "vector", type: "none", outcome: "unchanged", rows: 1 }]);
    const built = await pipeline.buildIndexes("photos", { on: ["year", "root", "year"] });
    assert.deepEqual(
      built.map(({ column, outcome }) => [column, outcome]),
      [
        ["year", "built"],
        ["root", "built"],
      ],
    );
    assert.deepEqual((await pipeline.collectionStats("photos")).indexedKeys, ["root", "year"]);
    await assert.rejects(pipeline.buildIndexes("photos", { on: ["yaer"] }), { code: "index_invalid" });
    await assert.rejects(pipeline.buildIndexes("photos", { on: [] }), { code: "usage_invalid" });
    await assert.rejects(pipeline.buildIndexes("photos", { key: "year" } as object), { code: "usage_invalid" });
    await assert.rejects(pipeline.buildIndexes("photos", { signal: AbortSignal.abort() }), { code: "aborted" });
    await assert.rejects(pipeline.buildIndexes("nowhere"), { code: "collection_not_found" });
  });

  it("advice names the large collections without an index", async () => {
    const store = memoryStore();
    const sizes = { small: 49_999, large: 50_000, indexed: 1_000_000, labelled: 50_000 };
    const keysOf = (name: string) => (name === "labelled" || name === "small" ? ["camera", "year"] : ["year"]);
    store.list = async () =>
      Object.entries(sizes).map(([name, count]) => ({
        ...{
          name,
          count,
          dimension: 16,
          metric: "cosine",
          idType: "text",
          indexedKeys: ["year"],
          indexableKeys: keysOf(name),
          passport: null,
        },
        index: name === "indexed" || name === "labelled" ? "ivf_rq" : "none",
      }));
    await using pipeline = await ImageEmbeddingPipeline.open(new ServiceConfig(), {
      own: { store, decoder: memoryDecoder(), embedder: memoryEmbedder() },
    });
    const { ok, findings } = await pipeline.diagnose();
    assert.equal(ok, true);
    assert.deepEqual(
      findings.map(({ part, hint }) => [part, hint]),
      [
        ["collection large", "Run `headrace collection index large`."],
        ["collection labelled", "Run `headrace collection index labelled --on KEY` for each key that your searches filter by."],
      ],
    );
  });

  it("the observer of a run gets the progress of upkeep, and compactCollection reports it too", async () => {
    await using pipeline = await open();
    const events: RunEvent[] = [];
    await pipeline.insertImages({ inputs: [Uint8Array.of(1)], observer: (event) => events.push(event) });
    const progress = { step: "looking at the rows", share: 1, rows: 1 };
    assert.deepEqual(events.at(-1), { kind: "upkeep", progress });
    const reported: unknown[] = [];
    await pipeline.compactCollection("images", { onProgress: (each) => reported.push(each) });
    assert.deepEqual(reported, [progress]);
  });
});
