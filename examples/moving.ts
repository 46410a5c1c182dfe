/** Copies a collection to another name and exports it to a file, without embedding anything again. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
// #region moving
import { ImageEmbeddingPipeline, ServiceConfig } from "headrace";

// #endregion
const [folder = "photos"] = process.argv.slice(2);
const images = (await readdir(folder)).filter((name) => /\.(jpe?g|png|webp)$/i.test(name));
const inputs = images.sort().map((name) => join(folder, name));

// #region moving
await using pipeline = await ImageEmbeddingPipeline.open(new ServiceConfig(), { parts: "lazy" });
// #endregion
await pipeline.insertImagesAsync({ inputs, collectionName: "photos" });
const part = await pipeline.copyCollection({ from: { collection: "photos" }, to: { collection: "photos_copy" }, limit: 5 });
const { stored: first } = await part.done;

// #region moving
// { store: "milvus", collection: "photos" } is the collection on the server of the milvus section.
const copy = await pipeline.copyCollection({ from: { collection: "photos" }, to: { collection: "photos_copy" } });
const { stored, skipped } = await copy.done;

const backup = await pipeline.exportCollection({ from: { collection: "photos" }, output: "backup/" });
const { stored: exported } = await backup.done;
// #endregion

console.log(JSON.stringify({ first, stored, skipped, exported, path: backup.path }));
