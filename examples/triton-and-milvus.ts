/** The specification's basic usage with servers: embedding on Triton, collections in Milvus. Only the configuration differs. */
import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
// #region triton-and-milvus
import { ImageEmbeddingPipeline, ServiceConfig } from "headrace";

// #endregion
const [folder = "photos", file = "config/servers.yaml", name = "my_images"] = process.argv.slice(2);
const images = (await readdir(folder)).filter((entry) => /\.(jpe?g|png|webp)$/i.test(entry));
const imagePaths = images.sort().map((image) => join(folder, image));
const imageIds = imagePaths.map((path) => basename(path));
const metadata = imagePaths.map((_, position) => ({ position }));

// #region triton-and-milvus
const config = await ServiceConfig.fromYaml(file); // with the sections `triton` and `milvus`
await using pipeline = await ImageEmbeddingPipeline.open(config); // throws if one of them does not answer

await pipeline.createCollection(name, { dim: 512 });
const overlapped = await pipeline.insertImagesAsync({ inputs: imagePaths, ids: imageIds, metadata, collectionName: name });

// The same images again, one batch at a time through all stages.
await pipeline.createCollection(`${name}_sync`, { dim: 512 });
const sequential = await pipeline.insertImages({ inputs: imagePaths, ids: imageIds, metadata, collectionName: `${name}_sync` });

const [first] = await pipeline.searchImages(imagePaths[0]!, { collectionName: name, topK: 5 });
// #endregion

console.log(
  JSON.stringify({
    async: { ids: overlapped.ids.length, failures: overlapped.failures.length, stored: overlapped.stats.stored },
    sync: { ids: sequential.ids.length, failures: sequential.failures.length, stored: sequential.stats.stored },
    rows: [await pipeline.count(name), await pipeline.count(`${name}_sync`)],
    first: { id: first?.id, score: first?.score },
  }),
);
