/** Duplicates in Milvus, more than one search returns at first. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { memoryDecoder, memoryEmbedder } from "../../../src/adapters/memory/index.js";
import { type DuplicateGroup, ImageEmbeddingPipeline, listImages, ServiceConfig } from "../../../src/app/index.js";
import { LiveMilvus, missing } from "./milvus.js";

const [different, copies] = [400, 40];
const collectionName = "dedupe_photos";

describe("duplicates in Milvus", { skip: missing }, () => {
  const live = new LiveMilvus("dedupe_");

  it("are all in one group, and gone when they are deleted", async () => {
    const folder = await mkdtemp(join(tmpdir(), "headrace-dedupe-"));
    const pipeline = await ImageEmbeddingPipeline.open(new ServiceConfig({ lancedb: { path: folder } }), {
      own: { store: await live.store(), embedder: memoryEmbedder(), decoder: memoryDecoder() },
    });
    const groups = async (): Promise<readonly DuplicateGroup[]> => {
      const found: DuplicateGroup[] = [];
      for await (const group of pipeline.duplicates({ collectionName, threshold: 0.9999 })) found.push(group);
      return found;
    };
    try {
      for (let index = 0; index < different; index++) await writeFile(join(folder, `${index}.jpg`), `photo ${index}`);
      for (let index = 0; index < copies; index++) await writeFile(join(folder, `copy-${index}.jpg`), "photo 0");
      await pipeline.insertImagesAsync({ inputs: listImages({ paths: [folder] }), collectionName });
      const [group, ...more] = await groups();
      assert.deepEqual([group?.others.length, more.length], [copies, 0]);
      assert.equal(await pipeline.deleteByIds(collectionName, group?.others.map(({ id }) => id) ?? []), copies);
      assert.deepEqual(await groups(), []);
      assert.equal(await pipeline.count(collectionName), different);
    } finally {
      await pipeline.close();
      await rm(folder, { recursive: true });
    }
  });
});
