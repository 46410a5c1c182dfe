/** The specification's basic usage: a configuration file, a collection, all images of a folder with ids and metadata. */
import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
// #region first-collection
import { ImageEmbeddingPipeline, ServiceConfig } from "headrace";

// #endregion
const [folder = "photos", file = "config/config.yaml"] = process.argv.slice(2);
const images = (await readdir(folder)).filter((name) => /\.(jpe?g|png|webp)$/i.test(name));
const imagePaths = images.sort().map((name) => join(folder, name));
const imageIds = imagePaths.map((path) => basename(path));
const metadata = imagePaths.map((path, index) => ({ name: basename(path), position: index }));

// #region first-collection
const config = await ServiceConfig.fromYaml(file);

await using pipeline = await ImageEmbeddingPipeline.open(config);
await pipeline.createCollection("my_images", { dim: 1280, ifExists: "keep" });

const { ids, failures, stats } = await pipeline.insertImagesAsync({
  inputs: imagePaths,
  ids: imageIds,
  metadata,
  collectionName: "my_images",
});
// #endregion

console.log(JSON.stringify({ ids: ids.length, failures: failures.length, stored: stats.stored }));
