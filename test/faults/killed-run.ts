/** A process that ingests a folder with the real parts and kills itself (-9) at a named point: `node killed-run.js FOLDER DATA POINT N`. */
import { resolve } from "node:path";
import { fileReader } from "../../src/adapters/fs/index.js";
import { lancedbStore } from "../../src/adapters/lancedb/index.js";
import { onnxEmbedder } from "../../src/adapters/onnx/index.js";
import { sharpDecoder } from "../../src/adapters/sharp/index.js";
import { ImageEmbeddingPipeline, listInputs, ServiceConfig } from "../../src/app/index.js";
import type { Reader } from "../../src/contracts/index.js";
import { killableDecoder, killableEmbedder, killableStore } from "../support/killable.js";

const [folder = "", data = "", point = "", count = "1"] = process.argv.slice(2);
let left = Number(count);

/** Ends the process when the named point is reached for the n-th time. */
function reach(name: string): void {
  if (name !== point) return;
  left -= 1;
  if (left <= 0) process.kill(process.pid, "SIGKILL");
}

const config = new ServiceConfig({ lancedb: { path: data }, asyncPipeline: { insertBatchSize: 10 } });
const pipeline = await ImageEmbeddingPipeline.open(config, {
  parts: "lazy",
  own: {
    store: killableStore(lancedbStore({ path: data }), reach),
    embedder: killableEmbedder(onnxEmbedder(), reach),
    decoder: killableDecoder(sharpDecoder(), reach),
    readers: [killableReader(fileReader())],
  },
});
const run = await pipeline.ingest({ inputs: listInputs({ paths: [resolve(folder)] }), collectionName: "photos", schedule: "overlapped" });
const report = await run.done;
await pipeline.close();
process.stdout.write(`${JSON.stringify({ ended: report.ended, stored: report.stored, skipped: report.skipped })}\n`);

function killableReader(reader: Reader): Reader {
  return {
    ...reader,
    read: async (...args) => {
      const encoded = await reader.read(...args);
      reach("after read");
      return encoded;
    },
  };
}
