/** A folder that is mirrored into Milvus: what is new, changed, moved and gone, among more rows than one query returns. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { memoryDecoder, memoryEmbedder } from "../../../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, listImages, ServiceConfig } from "../../../src/app/index.js";
import { LiveMilvus, missing } from "./milvus.js";

const files = 3_000;
const collectionName = "mirror_photos";

describe("a folder that is mirrored into Milvus", { skip: missing }, () => {
  const live = new LiveMilvus("mirror_");

  it("has one row per file after --prune, with the labels of files that moved, and rows of other folders stay", async () => {
    const folder = await mkdtemp(join(tmpdir(), "headrace-mirror-"));
    const photos = join(folder, "photos");
    const others = join(folder, "others");
    const pathOf = (index: number) => join(photos, `${index}.jpg`);
    for (const each of [photos, others]) await mkdir(each);
    for (let index = 0; index < files; index++) await writeFile(pathOf(index), `photo ${index}`);
    await writeFile(join(others, "kept.jpg"), "other");
    const pipeline = await ImageEmbeddingPipeline.open(new ServiceConfig({ lancedb: { path: folder } }), {
      own: { store: await live.store(), embedder: memoryEmbedder(), decoder: memoryDecoder() },
    });
    try {
      const labelled = async function* () {
        for await (const image of listImages({ paths: [photos] })) yield { ...image, metadata: { label: `of ${image.input.location}` } };
      };
      await untilSettled(pathOf(files - 1));
      await pipeline.insertImagesAsync({ inputs: labelled(), collectionName });
      await pipeline.insertImagesAsync({ inputs: [join(others, "kept.jpg")], collectionName });

      for (let index = 0; index < 600; index++) await rm(pathOf(index));
      for (let index = 600; index < 700; index++) await rename(pathOf(index), join(photos, `moved-${index}.jpg`));
      for (let index = 700; index < 750; index++) await writeFile(pathOf(index), `changed ${index}`);
      await untilSettled(pathOf(749));
      const source = { paths: [photos] };
      const planned = await pipeline.previewSync({ source, collectionName });
      assert.deepEqual([planned.new, planned.missing], [100, 700]);
      const synced = await (await pipeline.sync({ source, collectionName, missing: "delete" })).done;
      assert.equal(synced.upkeepError, undefined);
      const { new: added, changed, moved, missing: gone, pruned } = synced;
      assert.deepEqual([added, changed, moved, gone, pruned], [100, 50, 100, 700, 700]);
      assert.equal(await pipeline.count(collectionName), files - 600 + 1);
      assert.equal(await pipeline.count(collectionName, 'startsWith(label, "of ")'), files - 600);
      const verified = await pipeline.verify({ source, collectionName, purpose: "report" });
      assert.deepEqual([verified.missing, verified.extra, verified.damaged], [0, 0, 0]);
    } finally {
      await pipeline.close();
      await rm(folder, { recursive: true });
    }
  });
});

/** Versions of files that changed less than two seconds ago are not trusted. */
async function untilSettled(path: string): Promise<void> {
  while (Date.now() - (await stat(path)).ctimeMs < 2_100) await new Promise((resolve) => setTimeout(resolve, 100));
}
