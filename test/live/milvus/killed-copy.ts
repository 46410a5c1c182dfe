/** A process that copies a collection from LanceDB into Milvus and kills itself (-9) when so many rows are stored: `node killed-copy.js FOLDER HOST PORT NAME ROWS`. */
import { ImageEmbeddingPipeline, ServiceConfig } from "../../../src/app/index.js";

const [path = "", host = "", port = "", name = "", rows = ""] = process.argv.slice(2);
const config = new ServiceConfig({ lancedb: { path }, milvus: { host, port: Number(port), indexType: "FLAT" } });
const pipeline = await ImageEmbeddingPipeline.open(config, { parts: "lazy" });
let stored = 0;
const run = await pipeline.copyCollection({
  from: { store: "lancedb", collection: name },
  to: { store: "milvus", collection: name },
  onOutcome: ({ kind }) => {
    if (kind === "stored") stored += 1;
    if (stored === Number(rows)) process.kill(process.pid, "SIGKILL");
  },
});
await run.done;
await pipeline.close();
