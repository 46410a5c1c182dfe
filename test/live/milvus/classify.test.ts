/** Labels for rows in Milvus: other metadata stays, and a second run skips what the first one has done. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { memoryDecoder, memoryEmbedder } from "../../../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, ServiceConfig } from "../../../src/app/index.js";
import type { TextEmbedder } from "../../../src/contracts/index.js";
import { LiveMilvus, missing } from "./milvus.js";

const count = 3_000;
const collectionName = "classify_photos";

describe("labels for rows in Milvus", { skip: missing }, () => {
  const live = new LiveMilvus("classify_");

  it("are written beside other metadata, and a second run skips all rows", async () => {
    const embedder = memoryEmbedder();
    const pipeline = await ImageEmbeddingPipeline.open(new ServiceConfig(), {
      own: { store: await live.store(), embedder, textEmbedder: textsOf(() => embedder.dimension), decoder: memoryDecoder() },
    });
    try {
      await pipeline.insertImagesAsync({
        inputs: Array.from({ length: count }, (_, index) => ({
          input: Buffer.from(`photo ${index}`),
          id: `${index}`,
          metadata: index % 3 === 0 ? {} : { year: 2000 + (index % 20) },
        })),
        collectionName,
      });
      const classify = () => pipeline.classify({ collectionName, labels: ["cat", "dog"], top: 2 });
      const { changes } = await classify().preview();
      const first = await (await classify().start()).done;
      assert.deepEqual([changes, first.read, first.stored], [count, count, count]);
      assert.equal(
        first.labels.reduce((sum, [, rows]) => sum + rows, 0),
        count,
      );
      const second = await (await classify().start()).done;
      assert.deepEqual([second.skipped, second.labels], [count, first.labels]);
      assert.equal(await pipeline.count(collectionName, "exists(image_label) and exists(image_label_2)"), count);
      for await (const rows of pipeline.scan(collectionName, { vectors: "omit" })) {
        for (const { id, facts } of rows)
          assert.equal(facts.metadata["year"] ?? null, Number(id) % 3 === 0 ? null : 2000 + (Number(id) % 20));
      }
    } finally {
      await pipeline.close();
    }
  });
});

/** Gives each text a direction of its own. */
function textsOf(dimension: () => number): TextEmbedder {
  const vectorOf = (text: string) =>
    Array.from({ length: dimension() }, (_, place) => Math.sin(text.length * 7 + text.charCodeAt(0) + place));
  return {
    name: "texts",
    label: "a model for texts",
    labels: null,
    get dimension() {
      return dimension();
    },
    embedText: async (texts) => {
      const vectors = texts.map(vectorOf).map((vector) => vector.map((value) => value / Math.hypot(...vector)));
      return { dimension: dimension(), values: Float32Array.from(vectors.flat()) };
    },
  };
}
