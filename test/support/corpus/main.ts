/** `node build/test/support/corpus/main.js --folder DIR --count N [--seed 1] [--sizes vga|mixed]`: makes a corpus and says what it made. */
import { parseArgs } from "node:util";
import { makeCorpus } from "./corpus.js";

const usage = "usage: corpus --folder DIR --count N [--seed 1] [--sizes vga|mixed] [--photos DIR]";
const { values } = parseArgs({
  options: {
    folder: { type: "string" },
    count: { type: "string" },
    seed: { type: "string", default: "1" },
    sizes: { type: "string", default: "vga" },
    photos: { type: "string" },
  },
});
const { folder, sizes, photos } = values;
const count = Number(values.count);
const seed = Number(values.seed);
if (folder === undefined || !Number.isInteger(count) || count < 1 || !Number.isInteger(seed) || (sizes !== "vga" && sizes !== "mixed")) {
  console.error(usage);
  process.exit(2);
}
const startedAt = performance.now();
const corpus = await makeCorpus({ folder, count, seed, sizes, ...(photos === undefined ? {} : { photos }) });
const megabytes = corpus.photos.reduce((sum, photo) => sum + photo.bytes, 0) / 1e6;
const seconds = (performance.now() - startedAt) / 1000;
console.log(`${corpus.photos.length} photos, ${megabytes.toFixed(1)} MB in ${folder} (${seconds.toFixed(1)} s)`);
