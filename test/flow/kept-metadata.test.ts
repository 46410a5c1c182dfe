/** What becomes of stored metadata when an image is listed again: a listing that knows none takes none away. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, it } from "node:test";
import { memoryDecoder, memoryEmbedder, memoryStore } from "../../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, type InsertStats, ServiceConfig } from "../../src/app/index.js";
import type { ImageFacts, Metadata, VectorStore } from "../../src/contracts/index.js";
import { keyOf } from "../../src/kit/index.js";
import { Shelf } from "../fakes/shelf.js";
import { openTestStore } from "../store/stores.js";

const labels = { label: "cat", year: 2020 };
const collectionName = "pets";

for (const [kind, openStore] of [
  ["memory", async () => ({ store: memoryStore() as VectorStore, close: async () => {} })],
  ["lancedb", openTestStore],
] as const) {
  describe(`metadata in ${kind}`, () => {
    const leftovers: (() => Promise<unknown>)[] = [];
    afterEach(async () => {
      for (const leave of leftovers.splice(0).reverse()) await leave();
    });

    /** A collection with one labelled image on a shelf. */
    async function labelled() {
      const shelf = new Shelf();
      shelf.put("a", { text: "first", version: "1" });
      const folder = await mkdtemp(join(tmpdir(), "headrace-metadata-"));
      const { store, close } = await openStore();
      const embedder = memoryEmbedder();
      const pipeline = await ImageEmbeddingPipeline.open(new ServiceConfig({ lancedb: { path: folder } }), {
        own: { store, embedder, decoder: memoryDecoder(), readers: [shelf.reader()] },
      });
      leftovers.push(
        close,
        () => rm(folder, { recursive: true, force: true }),
        () => pipeline.close(),
      );
      const insert = async (metadata: Metadata | null, root?: string): Promise<InsertStats> =>
        (await pipeline.insertImagesAsync({ inputs: [{ input: shelf.ref("a", metadata, root) }], collectionName })).stats;
      const stored = async (): Promise<ImageFacts> => {
        for await (const rows of pipeline.scan(collectionName, { vectors: "omit", filter: 'source == "shelf:a"' }))
          for (const { facts } of rows) return facts;
        assert.fail("the row is gone");
      };
      await insert(labels);
      return { shelf, pipeline, embedder, insert, stored };
    }

    const counts = ({ stored, reused, skipped, failed }: InsertStats) => ({ stored, reused, skipped, failed });
    const skipped = { stored: 0, reused: 0, skipped: 1, failed: 0 };

    it("stays when the same image is listed again without any, from wherever, and the row is not written", async () => {
      const { insert, stored } = await labelled();
      const before = await stored();
      assert.deepEqual(counts(await insert(null, "shelf:elsewhere")), skipped);
      assert.deepEqual(await stored(), before);
      assert.deepEqual(counts(await insert(labels, "shelf:elsewhere")), skipped);
      assert.deepEqual(await stored(), before);
    });

    it("travels on to the row of an image that has changed", async () => {
      const { shelf, insert, stored } = await labelled();
      shelf.put("a", { text: "second", version: "2" });
      assert.deepEqual(counts(await insert(null)), { stored: 1, reused: 0, skipped: 0, failed: 0 });
      const { metadata, version } = await stored();
      assert.deepEqual([metadata, version], [labels, "2"]);
      assert.deepEqual(counts(await insert(labels)), skipped, "its fingerprint travelled on too");
    });

    it("travels on when an image has another version of the same bytes", async () => {
      const { shelf, insert, stored } = await labelled();
      shelf.put("a", { text: "first", version: "2" });
      assert.deepEqual(counts(await insert(null)), { stored: 1, reused: 1, skipped: 0, failed: 0 });
      assert.deepEqual((await stored()).metadata, labels);
      assert.deepEqual(counts(await insert(labels)), skipped);
    });

    it("is replaced as a whole by what is given, without inference", async () => {
      const { insert, stored } = await labelled();
      assert.deepEqual(counts(await insert({ year: 2021 })), { stored: 1, reused: 1, skipped: 0, failed: 0 });
      assert.deepEqual((await stored()).metadata.year, 2021);
      assert.ok((await stored()).metadata.label === undefined || (await stored()).metadata.label === null);
    });

    it("goes when empty metadata is given", async () => {
      const { insert, stored } = await labelled();
      assert.deepEqual(counts(await insert({})), { stored: 1, reused: 1, skipped: 0, failed: 0 });
      assert.deepEqual(
        Object.values((await stored()).metadata).filter((value) => value !== null),
        [],
      );
      assert.deepEqual(counts(await insert(null)), skipped);
    });

    it("is none for a new image that is listed without any, and given later", async () => {
      const { shelf, pipeline } = await labelled();
      shelf.put("b", { text: "b", version: "1" });
      const insert = async (metadata: Metadata | null) =>
        counts((await pipeline.insertImages({ inputs: [{ input: shelf.ref("b", metadata) }], collectionName })).stats);
      assert.deepEqual(await insert(null), { stored: 1, reused: 0, skipped: 0, failed: 0 });
      assert.deepEqual(await insert({}), skipped, "none and empty are the same for a new row");
      assert.deepEqual(await insert(labels), { stored: 1, reused: 1, skipped: 0, failed: 0 });
    });

    it("a preview says the same", async () => {
      const { shelf, pipeline } = await labelled();
      const preview = async (metadata: Metadata | null) => {
        const ref = shelf.ref("a", metadata, "shelf:elsewhere");
        async function* inputs() {
          yield { id: keyOf(ref.uri), ref };
        }
        const { listed, known, fresh } = await pipeline.preview(inputs, collectionName);
        return [listed, known, fresh];
      };
      assert.deepEqual(await preview(null), [1, 1, 0]);
      assert.deepEqual(await preview(labels), [1, 1, 0]);
      assert.deepEqual(await preview({}), [1, 0, 1]);
      shelf.put("a", { text: "first", version: "2" });
      assert.deepEqual(await preview(null), [1, 0, 1]);
    });

    it("is given beside the inputs, where null and a gap mean that none is known", async () => {
      const { shelf, pipeline, stored } = await labelled();
      const again = async (metadata: readonly (Metadata | null)[]) =>
        counts(
          (await pipeline.insertImages({ inputs: [shelf.ref("a", null)].map((input) => ({ input })), metadata, collectionName })).stats,
        );
      assert.deepEqual(await again([null]), skipped);
      assert.deepEqual((await stored()).metadata, labels);
    });
  });
}

it("stored metadata is asked for only where a row with some is written anew", async () => {
  const calls: string[] = [];
  const shelf = new Shelf();
  const folder = await mkdtemp(join(tmpdir(), "headrace-metadata-"));
  const store = memoryStore({ beforeCall: (call) => void calls.push(call) });
  await using pipeline = await ImageEmbeddingPipeline.open(new ServiceConfig({ lancedb: { path: folder } }), {
    own: { store, embedder: memoryEmbedder(), decoder: memoryDecoder(), readers: [shelf.reader()] },
  });
  const names = ["a", "b", "c", "d"];
  const insert = (version: string, metadata: Metadata | null) => {
    for (const name of names) shelf.put(name, { text: `${name}${version}`, version });
    return pipeline.insertImages({ inputs: names.map((name) => ({ input: shelf.ref(name, metadata) })), collectionName });
  };
  const gets = () => calls.splice(0).filter((call) => call === "get").length;
  await insert("1", null);
  await insert("2", null);
  assert.equal(gets(), 0, "no row has metadata");
  await insert("2", labels);
  gets();
  await insert("2", null);
  assert.equal(gets(), 0, "no row is written");
  await insert("3", null);
  assert.equal(gets(), 1, "one call for the whole batch");
  await rm(folder, { recursive: true, force: true });
});

it("an id that the collection cannot have fails before anything is read or embedded", async () => {
  const embedder = memoryEmbedder();
  const folder = await mkdtemp(join(tmpdir(), "headrace-metadata-"));
  await using pipeline = await ImageEmbeddingPipeline.open(new ServiceConfig({ lancedb: { path: folder } }), {
    own: { store: memoryStore(), embedder, decoder: memoryDecoder() },
  });
  await pipeline.createCollection(collectionName, { idType: "text" });
  const { stats, failures } = await pipeline.insertImages({ inputs: [{ input: Buffer.from("a"), id: 7 }], collectionName });
  assert.deepEqual([stats.failed, failures[0]?.code], [1, "id_invalid"]);
  assert.equal(stats.stages.find(({ name }) => name === "read")?.items, 0);
  await rm(folder, { recursive: true, force: true });
});
