/** Two writers of one collection: the one that lists no metadata does not remove that of the other. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { memoryStore } from "../adapters/memory/index.js";
import type { Collection, ImageRef, Item, Metadata, Row } from "../contracts/index.js";
import { metadataHash } from "../kit/index.js";
import { keepMetadataSink } from "./keep-metadata.js";
import { storeSink } from "./store.js";

const calm = new AbortController().signal;

function item(listed: Metadata | null, metadata: Metadata = listed ?? {}): Item<Row> {
  const ref: ImageRef = { uri: "a.jpg", location: "a.jpg", scheme: "file", root: "r", version: "1", sizeBytes: 1, metadata: listed };
  const hash = metadataHash(metadata);
  const facts = { source: "a.jpg", root: "r", version: "1", content: "c", metadata, metadataHash: hash, width: 1, height: 1, listed: ref };
  return { seq: 0, id: "a", facts, bytes: 1, value: { vector: Float32Array.of(1, 0) } };
}

async function written(first: Item<Row>, second: Item<Row>): Promise<Metadata | undefined> {
  const passport = { probes: [[1, 0]], labels: {} };
  const collection: Collection = await memoryStore().create("photos", { dimension: 2, metric: "cosine", passport });
  const sink = keepMetadataSink(storeSink(collection, { now: () => 1, check: async () => {} }), collection);
  for (const each of [first, second]) assert.deepEqual(await sink.process([each], calm), [{ kind: "ok", seq: 0 }]);
  const [row] = await collection.get(["a"], { vectors: "omit" });
  assert.equal(row?.facts.metadataHash, metadataHash(row?.facts.metadata ?? {}));
  return row?.facts.metadata;
}

describe("a writer without metadata", () => {
  it("keeps the metadata that another writer has stored meanwhile, under its own labels and marks", async () => {
    const other = item({ caption: "mine", year: 2024 }, { caption: "mine", year: 2024, image_label: "dog" });
    const own = item(null, { image_label: "cat", image_damaged: true });
    assert.deepEqual(await written(other, own), { caption: "mine", year: 2024, image_label: "cat", image_damaged: true });
  });

  it("keeps nothing that another writer has removed meanwhile", async () => {
    assert.deepEqual(await written(item({}), item(null, { caption: "old" })), {});
  });
});

describe("a writer with metadata", () => {
  it("replaces what is stored, also by nothing", async () => {
    assert.deepEqual(await written(item({ caption: "old" }), item({ year: 1 })), { year: 1 });
    assert.deepEqual(await written(item({ caption: "old" }), item({})), {});
  });
});
