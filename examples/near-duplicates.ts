/** Finds pairs of stored images that are copies of each other, by their vectors alone. */
import { copyFile } from "node:fs/promises";

// #region near-duplicates
import { ImageEmbeddingPipeline } from "headrace";

// #endregion

await copyFile("cat.jpg", "copy-of-cat.jpg");
const inputs = ["cat.jpg", { input: "copy-of-cat.jpg", metadata: { copied: true } }, "dog.jpg"];

// #region near-duplicates
await using pipeline = await ImageEmbeddingPipeline.open();
await pipeline.insertImagesAsync({ inputs, collectionName: "photos" });

for await (const rows of pipeline.scan("photos", { vectors: "omit" })) {
  for (const { id, facts } of rows) {
    const hits = await pipeline.searchImages({ id }, { collectionName: "photos", topK: 10, minScore: 0.95 });
    // The row finds itself, and each pair is found from both sides: keep one of the two.
    for (const hit of hits.filter((found) => found.id > id)) console.log(facts.source, hit.facts.source, hit.score.toFixed(3));
  }
}
// #endregion
