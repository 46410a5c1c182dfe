/** Copies of images within one run: each is stored under its own source, and the model computes each picture once. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { memoryDecoder, memoryEmbedder } from "../../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, listInputs, ServiceConfig } from "../../src/app/index.js";

const [pictures, copiesOfEach, placeholders] = [200, 3, 400];

for (const schedule of ["overlapped", "sequential"] as const) {
  test(`a first run, ${schedule}, embeds each picture once and stores every copy`, async () => {
    const folder = await mkdtemp(join(tmpdir(), "headrace-copies-"));
    const photos = join(folder, "photos");
    await mkdir(photos);
    for (let index = 0; index < pictures * copiesOfEach; index += 1)
      await writeFile(join(photos, `${index}.jpg`), `picture ${index % pictures}`);
    for (let index = 0; index < placeholders; index += 1) await writeFile(join(photos, `none-${index}.jpg`), "placeholder");
    const embedder = memoryEmbedder({ work: () => new Promise((fulfil) => setImmediate(fulfil)) });
    const config = new ServiceConfig({ lancedb: { path: join(folder, "data") } });
    const pipeline = await ImageEmbeddingPipeline.open(config, { own: { decoder: memoryDecoder(), embedder } });
    try {
      const run = await pipeline.ingest({ inputs: listInputs({ paths: [photos] }), collectionName: "photos", schedule });
      const { ended, stored, reused } = await run.done;
      const all = pictures * copiesOfEach + placeholders;
      assert.deepEqual({ ended, stored, reused }, { ended: "completed", stored: all, reused: all - pictures - 1 });
      assert.deepEqual(await vectorsByContent(pipeline), { rows: all, contents: pictures + 1, vectors: pictures + 1 });
    } finally {
      await pipeline.close();
      await rm(folder, { recursive: true, force: true });
    }
  });
}

async function vectorsByContent(pipeline: ImageEmbeddingPipeline) {
  const [contents, vectors] = [new Set<string>(), new Set<string>()];
  let rows = 0;
  for await (const batch of pipeline.scan("photos", { vectors: "include" })) {
    rows += batch.length;
    for (const { facts, vector } of batch) {
      contents.add(facts.content);
      vectors.add(`${facts.content} ${vector?.join(" ")}`);
    }
  }
  return { rows, contents: contents.size, vectors: vectors.size };
}
