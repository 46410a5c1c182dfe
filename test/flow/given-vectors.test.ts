/** Rows whose vectors came without their images: what every other call does with them. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { lancedbStore } from "../../src/adapters/lancedb/index.js";
import { memoryEmbedder } from "../../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, ServiceConfig } from "../../src/app/index.js";
import { HeadraceError, type RunEvent, type StoredRow, type VectorStore } from "../../src/contracts/index.js";
import { encodePng } from "../../src/kit/index.js";
import { borrowed } from "../support/reembedding/borrowed.js";

const embedder = "memory, 16 dimensions";
const collectionName = "photos";

function picture(number: number): Uint8Array {
  return encodePng({ width: 8, height: 8, channels: 3, data: new Uint8Array(8 * 8 * 3).fill(number) }, 1);
}

const vectorOf = (seed: number): Float32Array => Float32Array.from({ length: 16 }, (_, at) => (at === seed % 16 ? 1 : 0));

describe("rows whose vectors came without their images", () => {
  let folder: string;
  let photos: string;
  let store: VectorStore;
  let pipeline: ImageEmbeddingPipeline;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "headrace-given-"));
    photos = join(folder, "photos");
    await mkdir(photos);
    store = lancedbStore({ path: join(folder, "data") });
    await store.open?.(new AbortController().signal);
    pipeline = await opened(16);
    await pipeline.createCollection(collectionName);
  });

  afterEach(async () => {
    await pipeline.close();
    await store.close?.();
    await rm(folder, { recursive: true, force: true });
  });

  const opened = (dimension: number): Promise<ImageEmbeddingPipeline> =>
    ImageEmbeddingPipeline.open(new ServiceConfig({ lancedb: { path: join(folder, "data") } }), {
      own: { store: borrowed(store), embedder: memoryEmbedder({ dimension }) },
    });
  const photo = (number: number): string => join(photos, `${number}.png`);
  const insert = async (numbers: readonly number[], shift = 0): Promise<void> => {
    const rows = numbers.map((number) => ({ source: photo(number), vector: vectorOf(number + shift), metadata: { number } }));
    const { failures, stats } = await pipeline.insertVectors({ rows, embedder, collectionName });
    assert.deepEqual([failures, stats.failed], [[], 0]);
  };
  const rowsOf = async (name = collectionName): Promise<readonly StoredRow[]> => {
    const rows: StoredRow[] = [];
    for await (const page of pipeline.scan(name, { vectors: "include" })) rows.push(...page);
    return rows.sort((a, b) => Number(a.facts.metadata["number"]) - Number(b.facts.metadata["number"]));
  };

  it("have the ids that an ingestion of their images would give, and the result names all ids and what failed", async () => {
    const rows = [
      { source: photo(1), vector: [...vectorOf(1)] },
      { source: photo(2), vector: [1, 2] },
      { source: new URL("https://example.com/a.jpg"), vector: vectorOf(3), id: "own" },
    ];
    const { ids, failures, stats } = await pipeline.insertVectors({ rows, embedder, collectionName });
    assert.deepEqual([stats.stored, stats.failed], [2, 1]);
    assert.deepEqual(
      failures.map(({ index, code }) => [index, code]),
      [[1, "vector_invalid"]],
    );
    await writeFile(photo(1), picture(1));
    const ingested = await pipeline.insertImagesAsync({ inputs: [photo(1)], collectionName });
    assert.deepEqual([ingested.ids[0], ids.length, ids[2]], [ids[0], 3, "own"]);
    assert.equal(await pipeline.count(collectionName), 2);
  });

  it("are refused if the options or the model are wrong, and a call that is aborted says so", async () => {
    const rows = [{ source: photo(1), vector: vectorOf(1) }];
    const codeOf = (options: object) =>
      pipeline.insertVectors({ rows, embedder, collectionName, ...options }).then(
        () => "stored",
        (error: unknown) => HeadraceError.from(error).code,
      );
    assert.equal(await codeOf({ rows: {} }), "input_invalid");
    assert.equal(await codeOf({ model: "x" }), "usage_invalid");
    assert.equal(await codeOf({ embedder: "another" }), "passport_mismatch");
    assert.equal(await codeOf({ collectionName: "none" }), "collection_not_found");
    assert.equal(await codeOf({ signal: AbortSignal.abort() }), "aborted");
    assert.equal(await codeOf({}), "stored");
  });

  it("are written again by a copy when their vectors have changed, and else not", async () => {
    await insert([1, 2, 3]);
    const copied = async () => {
      const { stored, skipped } = await (
        await pipeline.copyCollection({ from: { collection: collectionName }, to: { collection: "copy" } })
      ).done;
      return [stored, skipped];
    };
    assert.deepEqual(await copied(), [3, 0]);
    assert.deepEqual(await copied(), [0, 3]);
    await insert([2], 7);
    assert.equal((await pipeline.previewCopy({ from: { collection: collectionName }, to: { collection: "copy" } })).fresh, 1);
    assert.deepEqual(await copied(), [1, 2]);
    assert.deepEqual(await rowsOf("copy"), await rowsOf());
  });

  it("come back from a file as they were", async () => {
    await insert([1, 2]);
    const { path, done } = await pipeline.exportCollection({ from: { collection: collectionName }, output: join(folder, "rows.parquet") });
    await done;
    await (await pipeline.importCollection({ file: path, to: { collection: "again" } })).done;
    assert.deepEqual(await rowsOf("again"), await rowsOf());
  });

  it("lend their vectors to no other image, and images lend them none", async () => {
    await insert([1]);
    await writeFile(photo(2), picture(2));
    await writeFile(photo(3), picture(3));
    await pipeline.insertImagesAsync({ inputs: [photo(2), photo(3)], collectionName });
    const contents = (await rowsOf()).map(({ facts }) => facts.content);
    assert.equal(new Set(contents).size, 3);
    for (const { facts, vector } of await rowsOf()) {
      if (facts.content !== "") assert.deepEqual(vector, await pipeline.embedImage(facts.source));
    }
  });

  it("stay as they are when metadata is read again from files, and the call says so", async () => {
    await writeFile(photo(1), picture(1));
    await insert([1, 2]);
    const before = await rowsOf();
    const notices: string[] = [];
    const observer = (event: RunEvent): void => void (event.kind === "notice" && notices.push(event.message));
    const report = await (await pipeline.refreshMetadata({ collectionName, observer }).start()).done;
    assert.deepEqual([report.stored, report.skipped, report.failed], [0, 2, 0]);
    assert.deepEqual(notices, ["Some rows have vectors that came without their images. These rows stay as they are."]);
    assert.deepEqual(await rowsOf(), before);
  });

  it("are embedded by a sync of their folder, with their metadata, and deleted when their images are gone", async () => {
    await insert([1, 2, 3]);
    for (const number of [1, 2]) await writeFile(photo(number), picture(number));
    const source = { paths: [photos] };
    const synced = await (await pipeline.sync({ source, collectionName, missing: "delete", maxDeletions: { rows: 1 } })).done;
    assert.deepEqual([synced.new, synced.changed, synced.pruned], [0, 2, 1], JSON.stringify(synced));
    const rows = await rowsOf();
    assert.deepEqual(
      rows.map(({ facts }) => [facts.metadata["number"], facts.content.length]),
      [
        [1, 64],
        [2, 64],
      ],
    );
  });

  it("are embedded by the move to a new model, which ends, and one without an image is missed", async () => {
    for (const number of [1, 2, 3]) await writeFile(photo(number), picture(number));
    await insert([1, 2, 3, 4]);
    await using newer = await opened(24);
    const start = () => newer.reembedding.start({ name: collectionName, alias: "live" }).then(({ done }) => done);
    const stats = await start();
    assert.deepEqual([stats.stored, stats.failed, stats.switched], [3, 1, false], JSON.stringify(stats));
    const again = await start();
    assert.equal(again.stored, again.reused, "rows that were embedded are not embedded again");
    await writeFile(photo(4), picture(4));
    const last = await start();
    assert.deepEqual([last.stored - last.reused, last.switched], [1, true], JSON.stringify(last));
    assert.deepEqual(
      (await rowsOf(last.to)).map(({ facts }) => facts.metadata["number"]),
      [1, 2, 3, 4],
    );
  });
});
