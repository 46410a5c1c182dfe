/** Inserts files whose names arrive in bursts. Prints JSON. `node bursty-run.js FOLDER TRITON MODEL DATA IMAGES_PER_SECOND` */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { ImageEmbeddingPipeline, ServiceConfig } from "../src/app/index.js";

const [folder = "", url = "", model = "", data = "", rate = ""] = process.argv.slice(2);
const burstEveryMs = 250;
const burst = Math.round((Number(rate) * burstEveryMs) / 1000);
const files = (await readdir(folder)).filter((name) => /\.(jpg|png|webp)$/.test(name)).map((name) => join(folder, name));
const pipeline = await ImageEmbeddingPipeline.open(
  new ServiceConfig({
    triton: { url, modelName: model },
    preprocess: { preset: "efficientnet-lite" },
    lancedb: { path: data },
  }),
);
try {
  const { stats } = await pipeline.insertImagesAsync({ inputs: bursts(), collectionName: "bursts", collectIds: "omit" });
  process.stdout.write(`${JSON.stringify({ stored: stats.stored })}\n`);
} finally {
  await pipeline.close();
}

/** Each burst comes at its time, also if the bursts before it were taken late. */
async function* bursts(): AsyncGenerator<string> {
  const startedMs = performance.now();
  for (let at = 0; at < files.length; at += burst) {
    await delay(Math.max(0, startedMs + (at / burst) * burstEveryMs - performance.now()));
    yield* files.slice(at, at + burst);
  }
}
