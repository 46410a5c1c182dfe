/** The specification's advanced configuration: settings in code, overridden for one call. */
import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
// #region advanced-configuration
import { ImageEmbeddingPipeline, ServiceConfig } from "headrace";

const config = new ServiceConfig();

config.asyncPipeline.preprocessWorkers = 4; // more images decoded at once
config.asyncPipeline.embeddingWorkers = 1; // usually 1 for a single GPU
config.asyncPipeline.insertBatchSize = 200; // larger writes
config.asyncPipeline.queueMaxsize = 150; // more room between stages

await using pipeline = await ImageEmbeddingPipeline.open(config);

// #endregion
const [folder = "photos"] = process.argv.slice(2);
const images = (await readdir(folder)).filter((name) => /\.(jpe?g|png|webp)$/i.test(name));
const imagePaths = images.sort().map((name) => join(folder, name));
const imageIds = imagePaths.map((path) => basename(path));

// #region advanced-configuration
const { ids, stats } = await pipeline.insertImagesAsync({
  inputs: imagePaths,
  ids: imageIds,
  preprocessWorkers: 2, // for this call only
  embeddingWorkers: 1,
  insertBatchSize: 100,
});
// #endregion

console.log(
  JSON.stringify({ ids: ids.length, stored: stats.stored, decodeWorkers: stats.stages.find(({ name }) => name === "decode")?.workers }),
);
