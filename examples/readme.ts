/** The example in the README. */
// #region readme
import { ImageEmbeddingPipeline, ServiceConfig } from "headrace";

const config = await ServiceConfig.load({ environment: process.env });
await using pipeline = await ImageEmbeddingPipeline.open(config);
const { ids, failures } = await pipeline.insertImagesAsync({
  inputs: ["cat.jpg", { input: "dog.jpg", metadata: { year: 2024 } }],
  collectionName: "pets",
});
const hits = await pipeline.searchImages("cat.jpg", { collectionName: "pets", topK: 5 });
console.log(ids.length, failures.length, hits[0]?.score);
// #endregion
