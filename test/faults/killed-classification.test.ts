/** A classification that is killed loses nothing: the next one continues, and leaves all other metadata as it is. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { lancedbStore } from "../../src/adapters/lancedb/index.js";
import { ImageEmbeddingPipeline, ServiceConfig } from "../../src/app/index.js";
import type { Collection, Metadata, RowBatch } from "../../src/contracts/index.js";
import { metadataHash } from "../../src/kit/index.js";
import { workspace } from "../flow/command.js";

const model = resolve("test", "fidelity", "clip", "model");
const rows = 20_000;
const dimension = 24;
const never = new AbortController().signal;

test("a classification that is killed twice is finished by a third one, and other metadata stays", async () => {
  await using space = await workspace();
  const path = join(space.folder, "headrace-data");
  const options = ["classify", "--labels", "a cat,a dog,a house", "--collection", "photos", "--set", `embedder.model=${model}`];
  await fill(path);
  const store = lancedbStore({ path });
  await store.open?.(never);
  const reading = await store.openCollection("photos", "read");
  try {
    for (const least of [1, rows / 2]) {
      const run = space.start(...options);
      const ended = once(run, "close");
      while (run.exitCode === null && (await labelled(reading)) < least) await pause(20);
      run.kill("SIGKILL");
      await ended;
    }
    const before = await labelled(reading);
    assert.ok(before > 0);
    const { read, stored, skipped } = await space.json<Record<"read" | "stored" | "skipped", number>>(0, ...options);
    assert.deepEqual([read, stored + skipped], [rows, rows]);
    assert.ok(skipped >= before, `${skipped} skipped, ${before} labelled before`);
    assert.equal(await labelled(reading), rows);
    for await (const batch of reading.scan({ vectors: "include" })) {
      for (const { id, vector, facts, ingestedAt } of batch) {
        const index = Number(String(id).slice(4));
        assert.deepEqual(
          [facts.metadata["shelf"] ?? null, facts.version, ingestedAt],
          [shelfOf(index)["shelf"] ?? null, "1", 1_000 + index],
        );
        assert.equal(vector![0], numberOf(index, 0));
      }
    }
  } finally {
    await reading.close();
    await store.close?.();
  }
});

const labelled = (collection: Collection): Promise<number> => collection.count({ kind: "exists", key: "image_label" });

/** Stores rows with random vectors that count as those of the small CLIP. One row in three has no metadata. */
async function fill(path: string): Promise<void> {
  const store = lancedbStore({ path });
  await store.open?.(never);
  const collection = await store.create("photos", { dimension, metric: "cosine", passport: null });
  for (let from = 0; from < rows; from += 1_000) assert.deepEqual(await collection.upsert(batchFrom(from, 1_000), never), []);
  await collection.close();
  await store.close?.();
  await using pipeline = await ImageEmbeddingPipeline.open(new ServiceConfig({ embedder: { model }, lancedb: { path } }), {
    parts: "lazy",
  });
  await pipeline.adoptCollection("photos");
}

function batchFrom(from: number, count: number): RowBatch {
  const indexes = Array.from({ length: count }, (_, row) => from + row);
  return {
    ids: indexes.map((index) => `row-${index}`),
    dimension,
    vectors: Float32Array.from(indexes.flatMap((index) => Array.from({ length: dimension }, (_, place) => numberOf(index, place)))),
    facts: indexes.map((index) => {
      const metadata = shelfOf(index);
      const source = `file:///photos/${index}.jpg`;
      return {
        source,
        root: "",
        version: "1",
        content: String(index),
        metadata,
        metadataHash: metadataHash(metadata),
        width: 8,
        height: 8,
      };
    }),
    ingestedAt: indexes.map((index) => 1_000 + index),
  };
}

const shelfOf = (index: number): Metadata => (index % 3 === 0 ? {} : { shelf: `shelf ${index % 7}` });
const numberOf = (index: number, place: number): number => Math.fround(Math.sin(index * 31 + place * 7));
