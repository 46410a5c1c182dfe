/** Re-embedding through the library: fills beside, follows, compares, switches, and switches back. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { lancedbStore } from "../../src/adapters/lancedb/index.js";
import { memoryEmbedder, memoryStore } from "../../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, type ReembedRequest, type ReembedStats, ServiceConfig } from "../../src/app/index.js";
import { HeadraceError, type StoredRow, type VectorStore } from "../../src/contracts/index.js";
import { encodePng } from "../../src/kit/index.js";
import { extent } from "../support/extent.js";
import { borrowed } from "../support/reembedding/borrowed.js";
import { losesNothing } from "../support/reembedding/losing-nothing.js";

/** A picture that no other number gives. */
function picture(number: number): Uint8Array {
  const data = new Uint8Array(8 * 8 * 3).map((_, index) => (number * 7 + index * (number % 11)) % 256);
  return encodePng({ width: 8, height: 8, channels: 3, data }, 1);
}

const stores: readonly (readonly [string, (folder: string) => VectorStore])[] = [
  ["memory", () => memoryStore()],
  ["LanceDB", (folder) => lancedbStore({ path: folder })],
];

for (const [kind, makeStore] of stores) {
  describe(`re-embedding in ${kind}`, () => {
    let folder: string;
    let photos: string;
    let store: VectorStore;
    let before: ImageEmbeddingPipeline;
    let after: ImageEmbeddingPipeline;

    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), "headrace-reembed-"));
      photos = join(folder, "photos");
      await mkdir(photos);
      const config = new ServiceConfig({ lancedb: { path: join(folder, "data") } });
      store = makeStore(join(folder, "data"));
      await store.open?.(new AbortController().signal);
      // Both pipelines borrow the store: the test opens and closes it.
      const calls = borrowed(store);
      before = await ImageEmbeddingPipeline.open(config, { own: { store: calls, embedder: memoryEmbedder({ dimension: 16 }) } });
      after = await ImageEmbeddingPipeline.open(config, { own: { store: calls, embedder: memoryEmbedder({ dimension: 24 }) } });
    });

    afterEach(async () => {
      await before.close();
      await after.close();
      await store.close?.();
      await rm(folder, { recursive: true, force: true });
    });

    const insert = async (pipeline: ImageEmbeddingPipeline, numbers: readonly number[], collectionName: string): Promise<void> => {
      const inputs = [];
      for (const number of numbers) {
        const path = join(photos, `${number}.png`);
        await writeFile(path, picture(number));
        const metadata = { number, even: number % 2 === 0, ...(number % 3 === 0 ? { third: "x" } : {}) };
        inputs.push({ input: path, ...(number % 5 === 0 ? { id: `own ${number}` } : {}), metadata });
      }
      await pipeline.insertImagesAsync({ inputs, collectionName });
    };
    const reembed = async (request: ReembedRequest): Promise<ReembedStats> => (await after.reembedding.start(request)).done;
    /** Without versions: files of this moment have none yet, because they may still change. */
    const rowsOf = async (name: string): Promise<readonly StoredRow[]> => {
      const rows: StoredRow[] = [];
      for await (const page of before.scan(name, { vectors: "omit" })) rows.push(...page);
      const unversioned = rows.map((row) => ({ ...row, facts: { ...row.facts, version: "" } }));
      return unversioned.sort((a, b) => (String(a.id) < String(b.id) ? -1 : 1));
    };
    const numbers = (from: number, to: number): readonly number[] => Array.from({ length: to - from }, (_, index) => from + index);

    it("fills a new collection with the same ids, metadata and times, and switches the alias", async () => {
      await insert(before, numbers(0, 60), "photos");
      const stats = await reembed({ name: "photos", alias: "photos_live" });
      assert.deepEqual([stats.ended, stats.error, stats.upkeepError], ["completed", undefined, undefined]);
      assert.deepEqual([stats.alias, stats.from, stats.switched, stats.stored, stats.failed], ["photos_live", "photos", true, 60, 0]);
      assert.match(stats.to, /^photos_[0-9a-f]{8}$/);
      assert.deepEqual(stats.gate, {
        rowsBefore: 60,
        rowsAfter: 60,
        missing: 0,
        kept: 0,
        sample: 60,
        selfRetrieval: 1,
        overlap: stats.gate?.overlap,
      });
      assert.deepEqual(await rowsOf("photos_live"), await rowsOf("photos"));
      assert.equal((await after.collectionStats("photos_live")).dimension, 24);
      const [hit] = await after.searchImages(picture(7), { collectionName: "photos_live", topK: 1 });
      assert.equal(hit?.facts.metadata["number"], 7);
      assert.deepEqual(
        (await after.aliases.list()).map(({ alias, collection }) => [alias, collection]),
        [
          ["photos_live", stats.to],
          ["photos_live_previous", "photos"],
        ],
      );
    });

    it("reports rows whose source is gone, and goes on", async () => {
      await insert(before, numbers(0, 20), "photos");
      await before.insertImagesAsync({ inputs: [picture(100)], collectionName: "photos" });
      await rm(join(photos, "3.png"));
      await writeFile(join(photos, "4.png"), "damaged");
      const stats = await reembed({ name: "photos", alias: "live", maxMissing: { rows: 3 } });
      assert.deepEqual([stats.switched, stats.stored, stats.failed, stats.deadLetters], [true, 18, 3, 3]);
      assert.deepEqual([stats.gate?.rowsBefore, stats.gate?.rowsAfter, stats.gate?.missing], [21, 18, 3]);
    });

    it("switches a collection with more copies of one image than a search returns", async () => {
      const copies = numbers(0, 30).map((number) => join(photos, `copy-${number}.png`));
      for (const path of copies) await writeFile(path, picture(1));
      await before.insertImagesAsync({ inputs: copies, collectionName: "photos" });
      const stats = await reembed({ name: "photos", alias: "live" });
      assert.deepEqual([stats.switched, stats.gate?.selfRetrieval, stats.gate?.rowsAfter], [true, 1, 30]);
    });

    it("does not switch when too many sources are gone, and does when they are back", async () => {
      await insert(before, numbers(0, 20), "photos");
      await rm(photos, { recursive: true });
      const refused = await reembed({ name: "photos", alias: "live" });
      assert.deepEqual([refused.switched, refused.upkeepError?.code], [false, "switch_refused"]);
      assert.equal((await before.collectionStats("live")).name, "photos");
      await mkdir(photos);
      for (const number of numbers(0, 20)) await writeFile(join(photos, `${number}.png`), picture(number));
      const stats = await reembed({ name: "live" });
      assert.deepEqual([stats.switched, stats.stored, stats.gate?.missing, stats.deadLetters], [true, 20, 0, 0]);
    });

    it("follows rows that are inserted, changed and deleted after the first call", async () => {
      await insert(before, numbers(0, 30), "photos");
      const filled = await reembed({ name: "photos", alias: "live", switching: "later" });
      assert.deepEqual([filled.switched, filled.stored, filled.gate?.rowsAfter], [false, 30, 30]);
      await insert(before, numbers(30, 40), "live");
      await before.insertImagesAsync({
        inputs: [{ input: join(photos, "1.png"), metadata: { number: 1, changed: true } }],
        collectionName: "live",
      });
      await before.deleteByFilter("live", "number < 5 and number != 1");
      const stats = await reembed({ name: "live" });
      assert.deepEqual([stats.switched, stats.deleted, stats.gate?.rowsAfter], [true, 4, 36]);
      assert.deepEqual(await rowsOf("live"), await rowsOf("photos"));
    });

    it("a stopped call is continued by the same call, and embeds nothing twice", async () => {
      await insert(before, numbers(0, 60), "photos");
      let stored = 0;
      const run = await after.reembedding.start({
        name: "photos",
        alias: "live",
        onOutcome: ({ kind }) => {
          stored += kind === "stored" ? 1 : 0;
          if (stored === 10) run.drain();
        },
      });
      const stopped = await run.done;
      assert.deepEqual([stopped.ended, stopped.switched], ["drained", false]);
      const stats = await reembed({ name: "live" });
      assert.deepEqual([stats.switched, stats.stored + stopped.stored], [true, 60]);
    });

    it("rolls back to rows and answers that are equal, and can switch again", async () => {
      await insert(before, numbers(0, 30), "photos");
      await before.aliases.set("live", "photos");
      const answers = () => before.searchMany([picture(3), picture(8), { text: "" }].slice(0, 2), { collectionName: "live", topK: 10 });
      const found = await answers();
      const { to } = await reembed({ name: "live" });
      await assert.rejects(answers(), (error) => HeadraceError.is(error) && error.code === "dimension_mismatch");
      assert.deepEqual(await after.reembedding.rollBack("live"), { alias: "live", from: to, to: "photos", onlyInFrom: 0 });
      assert.deepEqual(await answers(), found);
      await assert.rejects(after.reembedding.rollBack("live"), (error) => HeadraceError.is(error) && error.code === "usage_invalid");
      await assert.rejects(after.reembedding.finish("live"), (error) => HeadraceError.is(error) && error.code === "usage_invalid");
      await insert(before, [77], "live");
      const again = await reembed({ name: "live" });
      assert.deepEqual([again.switched, again.to, again.stored, again.gate?.rowsAfter], [true, to, 1, 31]);
    });

    it("the end drops the old collection, whose name becomes an alias of the new one", async () => {
      await insert(before, numbers(0, 10), "photos");
      const { to } = await reembed({ name: "photos", alias: "live" });
      await assert.rejects(after.dropCollection("photos"), (error) => HeadraceError.is(error) && error.code === "collection_aliased");
      assert.deepEqual(await after.reembedding.finish("live"), {
        alias: "live",
        collection: to,
        dropped: "photos",
        rows: 10,
        renamed: ["photos"],
      });
      assert.deepEqual(
        (await after.listCollections()).map(({ name }) => name),
        [to],
      );
      assert.equal(await after.count("photos"), 10);
      await assert.rejects(after.reembedding.rollBack("live"), (error) => HeadraceError.is(error) && error.code === "usage_invalid");
    });

    it("refuses a collection without an alias, the same model, a third model, and names that are not there", async () => {
      await insert(before, numbers(0, 5), "photos");
      const refused = (code: string) => (error: unknown) => HeadraceError.is(error) && error.code === code;
      await assert.rejects(
        reembed({ name: "photos" }),
        (error) => refused("usage_invalid")(error) && /--alias/.test((error as HeadraceError).hint),
      );
      await assert.rejects(reembed({ name: "absent" }), refused("collection_not_found"));
      await before.aliases.set("live", "photos");
      await assert.rejects((async () => before.reembedding.start({ name: "live" }))(), refused("usage_invalid"));
      await reembed({ name: "live", switching: "later" });
      const third = await ImageEmbeddingPipeline.open(new ServiceConfig(), {
        own: { store: borrowed(store), embedder: memoryEmbedder({ dimension: 32 }) },
      });
      await assert.rejects((async () => third.reembedding.start({ name: "live" }))(), refused("dimension_mismatch"));
      await reembed({ name: "live" });
      await assert.rejects((async () => third.reembedding.start({ name: "live" }))(), refused("usage_invalid"));
      await assert.rejects(reembed({ name: "live" }), refused("usage_invalid"));
      await third.close();
    });

    it("a switch that is killed between any two steps is completed or undone by the next call", async () => {
      await insert(before, numbers(0, 10), "photos");
      await before.aliases.set("live", "photos");
      const { to } = await reembed({ name: "live", switching: "later" });
      for (const step of [1, 2, 3]) {
        const killed = await ImageEmbeddingPipeline.open(new ServiceConfig(), {
          own: { store: dyingAt(step, store), embedder: memoryEmbedder({ dimension: 24 }) },
        });
        await (await killed.reembedding.start({ name: "live" })).done;
        await killed.close();
        const isSwitched = (await before.collectionStats("live")).name === to;
        assert.equal(isSwitched, step === 3, `killed at step ${step}`);
        if (!isSwitched) assert.equal((await reembed({ name: "live" })).switched, true);
        assert.deepEqual(await after.reembedding.rollBack("live"), { alias: "live", from: to, to: "photos", onlyInFrom: 0 });
      }
    });

    if (extent({ some: kind === "LanceDB", all: true })) losesNothing(() => ({ store, folder: join(folder, "scene"), prefix: "scene_" }));

    it("a preview tells the names and the work, and changes nothing", async () => {
      await insert(before, numbers(0, 12), "photos");
      const preview = await after.reembedding.preview({ name: "photos", alias: "live" });
      assert.deepEqual({ ...preview, to: "" }, { alias: "live", from: "photos", to: "", rows: 12, present: 0, wouldEmbed: 12 });
      assert.deepEqual(await after.aliases.list(), []);
      assert.equal((await after.listCollections()).length, 1);
      const { to } = await reembed({ name: "photos", alias: "live", switching: "later" });
      assert.equal(to, preview.to);
      await insert(before, [12, 13], "live");
      assert.deepEqual(await after.reembedding.preview({ name: "live" }), {
        alias: "live",
        from: "photos",
        to,
        rows: 14,
        present: 12,
        wouldEmbed: 2,
      });
    });
  });
}

/** The store fails for good at the n-th change of an alias since the first that names the collection of before. */
function dyingAt(step: number, store: VectorStore): VectorStore {
  let changes = 0;
  const change = <T>(call: () => Promise<T>, isFirst: boolean): Promise<T> => {
    if (changes > 0 || isFirst) changes += 1;
    if (changes >= step) throw new HeadraceError("store_unavailable", "the process is gone");
    return call();
  };
  return {
    ...borrowed(store),
    setAlias: async (alias, collection) => change(() => store.setAlias(alias, collection), alias.endsWith("_previous")),
    dropAlias: async (alias) => change(() => store.dropAlias(alias), false),
  };
}
