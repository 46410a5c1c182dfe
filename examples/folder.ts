/** Inserts all images below a folder, with the name of their folder as metadata. */
// #region folder
import { basename, dirname } from "node:path";
import { ImageEmbeddingPipeline, listImages } from "headrace";

// #endregion
const [folder = "photos"] = process.argv.slice(2);

// #region folder
async function* withAlbums(folder: string) {
  for await (const image of listImages({ paths: [folder] })) {
    yield { ...image, metadata: { album: basename(dirname(image.input.location)) } };
  }
}

await using pipeline = await ImageEmbeddingPipeline.open();
const { failures, stats } = await pipeline.insertImagesAsync({
  inputs: withAlbums(folder),
  collectionName: "albums",
  collectIds: "omit",
});
// #endregion

const rows = await pipeline.count("albums", 'exists(album) and album == "a"');
console.log(JSON.stringify({ failures: failures.length, stored: stats.stored, inA: rows }));
