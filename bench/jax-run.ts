/** Ingests photos with JAX on the thread that is named, and prints how late the event loop was meanwhile. `node jax-run.js FOLDER main|worker` */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { ImageEmbeddingPipeline, ServiceConfig } from "../src/app/index.js";
import type { Embedder, TensorSpec } from "../src/contracts/index.js";
import { plainSlab, rowBytes } from "../src/kit/index.js";
import { forgetfulStore } from "./forgetful-store.js";

const [photos = "", jaxThread = "main"] = process.argv.slice(2);
const images = 500;
const inputs = (await readdir(photos)).slice(0, images).map((name) => join(photos, name));
const input: TensorSpec = { dtype: "float32", layout: "NCHW", width: 224, height: 224 };
/** Looks at nothing, so that the lateness is the pipeline's own. */
const blind: Embedder = {
  name: "blind",
  label: "blind",
  input,
  dimension: 4,
  feed: { preferredBatch: 32, maxBatch: 32, parallel: 2 },
  check: async () => {},
  lease: (rows) => plainSlab(rows, rowBytes(input)),
  embed: async ({ rows }) => ({ dimension: 4, values: new Float32Array(rows * 4).fill(0.5) }),
};
const folder = await mkdtemp(join(tmpdir(), "headrace-jax-"));
const config = new ServiceConfig({
  lancedb: { path: folder },
  preprocess: { backend: "jax", jaxThread: jaxThread as "main" | "worker", preset: "efficientnet-lite" },
});
const pipeline = await ImageEmbeddingPipeline.open(config, {
  own: {
    store: forgetfulStore(),
    embedder: blind,
  },
});
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
const { stats } = await pipeline.insertImagesAsync({ inputs, collectionName: "late" });
delay.disable();
await pipeline.close();
await rm(folder, { recursive: true, force: true });
if (stats.stored !== images) throw new Error(`${stats.stored} of ${images} photos were stored`);
process.stdout.write(`${JSON.stringify({ p99Ms: delay.percentile(99) / 1e6, maxMs: delay.max / 1e6 })}\n`);
