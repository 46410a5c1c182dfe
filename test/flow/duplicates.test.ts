/** One id or one image given twice in a run: the first wins, whatever was stored when. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setImmediate } from "node:timers/promises";
import { memoryDecoder, memoryEmbedder, memoryStore } from "../../src/adapters/memory/index.js";
import { type DescribedInput, ImageEmbeddingPipeline, type Insertion, ServiceConfig } from "../../src/app/index.js";
import { Shelf } from "../fakes/shelf.js";

const collectionName = "pets";

async function withPipeline(work: (pipeline: ImageEmbeddingPipeline, shelf: Shelf) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "headrace-duplicates-"));
  const shelf = new Shelf();
  for (const name of ["a", "b", "c", "d"]) shelf.put(name, { text: name, version: "1" });
  try {
    await using pipeline = await ImageEmbeddingPipeline.open(
      new ServiceConfig({ lancedb: { path: folder }, preprocess: { batchSize: 1 } }),
      {
        own: { store: memoryStore(), embedder: memoryEmbedder(), decoder: memoryDecoder(), readers: [shelf.reader()] },
      },
    );
    await work(pipeline, shelf);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Where the rows come from. */
async function sourcesIn(pipeline: ImageEmbeddingPipeline): Promise<Record<string, string>> {
  const sources: Record<string, string> = {};
  for await (const rows of pipeline.scan(collectionName, { vectors: "omit" }))
    for (const { id, facts } of rows) sources[String(id)] = facts.source;
  return sources;
}

/** The first row creates the collection. */
async function hasRows(pipeline: ImageEmbeddingPipeline): Promise<boolean> {
  return (await pipeline.listCollections()).some(({ count }) => count > 0);
}

const counts = ({ stats }: Insertion) => [stats.read, stats.stored, stats.skipped, stats.failed];

for (const [moment, waits] of [
  ["while the first is in flight", false],
  ["after the first was stored", true],
] as const) {
  describe(`given again ${moment}`, () => {
    /** The inputs one after the other; each waits for the row of the one before where `waits` says so. */
    async function* inTurn(pipeline: ImageEmbeddingPipeline, inputs: readonly DescribedInput[]): AsyncGenerator<DescribedInput> {
      for (const [index, input] of inputs.entries()) {
        while (waits && index > 0 && !(await hasRows(pipeline))) await setImmediate();
        yield input;
      }
    }

    for (const schedule of ["insertImages", "insertImagesAsync"] as const) {
      it(`another image with the id fails and names both, ${schedule}`, async () => {
        await withPipeline(async (pipeline, shelf) => {
          const inputs = [
            { input: shelf.ref("a", null), id: "x" },
            { input: shelf.ref("b", null), id: "x" },
          ];
          const insertion = await pipeline[schedule]({ inputs: inTurn(pipeline, inputs), collectionName });
          assert.deepEqual(counts(insertion), [2, 1, 0, 1]);
          const [failure] = insertion.failures;
          assert.deepEqual([failure?.index, failure?.source, failure?.code], [1, "shelf:b", "id_duplicate"]);
          assert.match(failure?.message ?? "", /id "x": .* found shelf:a \(input 1\) and shelf:b \(input 2\)/);
          assert.deepEqual(insertion.ids, ["x", "x"]);
          assert.deepEqual(await sourcesIn(pipeline), { x: "shelf:a" });
        });
      });

      it(`the same image is skipped, also in a collection that was empty, ${schedule}`, async () => {
        await withPipeline(async (pipeline, shelf) => {
          const image = { input: shelf.ref("a", null) };
          const insertion = await pipeline[schedule]({ inputs: inTurn(pipeline, [image, image, image]), collectionName });
          assert.deepEqual(counts(insertion), [3, 1, 2, 0]);
          const named = { ...image, id: "x" };
          assert.deepEqual(counts(await pipeline[schedule]({ inputs: [named, named], collectionName })), [2, 1, 1, 0]);
        });
      });
    }
  });
}

it("an id given for another image by a later run updates the row", async () => {
  await withPipeline(async (pipeline, shelf) => {
    await pipeline.insertImages({ inputs: [{ input: shelf.ref("a", null), id: "x" }], collectionName });
    shelf.put("b", { text: "b", version: "2" });
    const { stats } = await pipeline.insertImages({ inputs: [{ input: shelf.ref("b", null), id: "x" }], collectionName });
    assert.equal(stats.stored, 1);
    assert.deepEqual(await sourcesIn(pipeline), { x: "shelf:b" });
  });
});

it("text and a number of the same spelling are two ids", async () => {
  await withPipeline(async (pipeline, shelf) => {
    const { failures } = await pipeline.insertImages({
      inputs: [
        { input: shelf.ref("a", null), id: "7" },
        { input: shelf.ref("b", null), id: 7 },
      ],
      collectionName,
    });
    assert.deepEqual(
      failures.map(({ code }) => code),
      ["id_invalid"],
      "the collection has ids of the other kind",
    );
  });
});
