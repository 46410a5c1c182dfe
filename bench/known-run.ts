/** Stores a folder with a fake model: `node known-run.js FOLDER DATA`. */
import { memoryDecoder, memoryEmbedder } from "../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, listInputs, ServiceConfig } from "../src/app/index.js";

const [folder = "", data = ""] = process.argv.slice(2);
const own = { decoder: memoryDecoder(), embedder: memoryEmbedder({ dimension: 1280 }) };
await using pipeline = await ImageEmbeddingPipeline.open(new ServiceConfig({ lancedb: { path: data } }), { own });
const run = await pipeline.ingest({ inputs: listInputs({ paths: [folder] }), collectionName: "images", schedule: "overlapped" });
const { stored } = await run.done;
process.stdout.write(JSON.stringify({ stored }));
