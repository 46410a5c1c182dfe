/** Two runs that write to one collection at the same time: one gives metadata, the other one does not. */
import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { memoryDecoder, memoryEmbedder } from "../../../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, listImages, ServiceConfig } from "../../../src/app/index.js";
import type { ImageDecoder, Key, VectorStore } from "../../../src/contracts/index.js";
import { LiveMilvus, missing } from "./milvus.js";

const collectionName = "two_writers_photos";
const files = 50;

describe("two runs on one Milvus collection", { skip: missing }, () => {
  const live = new LiveMilvus("two_writers_");

  it("leave the metadata that one of them gave, also if the other one has looked before and writes some seconds later", async () => {
    const folder = await mkdtemp(join(tmpdir(), "headrace-two-writers-"));
    for (let index = 0; index < files; index++) await writeFile(join(folder, `${index}.jpg`), `photo ${index}`);
    const open = (decoder: ImageDecoder, store: VectorStore) =>
      ImageEmbeddingPipeline.open(new ServiceConfig({ lancedb: { path: join(folder, "data") } }), {
        own: { store, embedder: memoryEmbedder(), decoder },
      });
    const events = new EventEmitter();
    const [given, waiting] = [once(events, "given"), once(events, "waiting")];
    const decoder = memoryDecoder();
    const patient: ImageDecoder = {
      name: "patient",
      measure: (image) => decoder.measure(image),
      decode: async (...call) => {
        events.emit("waiting");
        await given;
        return decoder.decode(...call);
      },
    };
    const store = await live.store();
    await using silent = await open(patient, store);
    await using talking = await open(memoryDecoder(), await live.store());
    // The collection has a row, so that runs look keys up.
    await talking.insertImagesAsync({ inputs: [join(folder, "0.jpg")], collectionName });

    const second = silent.insertImagesAsync({ inputs: listImages({ paths: [folder] }), collectionName });
    await waiting;
    const described = async function* () {
      for await (const image of listImages({ paths: [folder] })) yield { ...image, metadata: { caption: "mine" } };
    };
    await talking.insertImagesAsync({ inputs: described(), collectionName });
    await seesRows(store, files);
    events.emit("given");
    const { stats } = await second;
    assert.equal(stats.failed, 0);
    assert.equal(await talking.count(collectionName, 'caption == "mine"'), files);
    assert.equal(await talking.count(collectionName), files);
    await rm(folder, { recursive: true });
  });
});

/** Milvus shows the writes of other processes after some seconds, if a read does not wait for them. */
async function seesRows(store: VectorStore, rows: number): Promise<void> {
  const collection = await store.openCollection(collectionName, "read");
  const ids: Key[] = [];
  for await (const some of collection.scan({ vectors: "omit" })) ids.push(...some.map(({ id }) => id));
  while ((await collection.known(ids, new AbortController().signal)).size < rows) await pause(50);
  await collection.close();
}
