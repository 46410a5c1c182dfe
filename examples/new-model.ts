/** Moves a collection to another model, while a program goes on to search it. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";

// #region new-model
import { HeadraceError, type Hit, ImageEmbeddingPipeline, ServiceConfig } from "headrace";

// #endregion

const [photos = "photos"] = process.argv.slice(2);
const inputs = (await readdir(photos)).map((file) => join(photos, file));
const [oldConfig, newConfig] = [new ServiceConfig(), new ServiceConfig({ preprocess: { preset: "clip" } })];
await using setUp = await ImageEmbeddingPipeline.open(oldConfig);
await setUp.insertImagesAsync({ inputs, collectionName: "photos" });
await setUp.aliases.set("photos_live", "photos");

// #region new-model
await using old = await ImageEmbeddingPipeline.open(oldConfig);
await using next = await ImageEmbeddingPipeline.open(newConfig, { parts: "lazy" });

/** Searches with the model that the collection has now. */
async function search(image: string): Promise<readonly Hit[]> {
  try {
    return await old.searchImages(image, { collectionName: "photos_live" });
  } catch (error) {
    if (!HeadraceError.is(error) || !["passport_mismatch", "dimension_mismatch"].includes(error.code)) throw error;
    return next.searchImages(image, { collectionName: "photos_live" });
  }
}

const run = await next.reembedding.start({ name: "photos_live" });
const { switched, stored, gate } = await run.done;
// #endregion

const hits = await search(inputs[0] ?? "");
const back = await next.reembedding.rollBack("photos_live");
console.log(JSON.stringify({ switched, stored, gate, first: hits[0]?.score, back: back.to, same: (await search(inputs[0] ?? "")).length }));
