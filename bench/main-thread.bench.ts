/** CPU time of the main thread per image in the whole command: with the embedded default, and with real servers. */
import { availableParallelism, loadavg } from "node:os";
import { startMilvus } from "../test/support/services/milvus.js";
import { startTriton } from "../test/support/services/triton.js";
import { type BenchSection, plain } from "./harness.js";
import { mainThreadFigures } from "./main-thread-run.js";

export async function mainThread(): Promise<BenchSection> {
  const [few, many] = [600, 2_000];
  return {
    name: "main-thread",
    title: `CPU time of the main thread in the embedded default, between ${few} and ${many} VGA photos`,
    command: "npm run bench -- main-thread",
    figures: [...(await mainThreadFigures({ few, many, rounds: 3 })), load()],
  };
}

/** A sleeping model of 8 ms and 1 ms per image, so that the decoders are the limit. */
export async function mainThreadServed(): Promise<BenchSection> {
  const [few, many] = [600, 2_400];
  const model = { kind: "sleeping", name: "gpu", baseMs: 8, rowMs: 1, dimension: 512 } as const;
  const [triton, milvus] = await Promise.all([startTriton({ models: [model] }), startMilvus()]);
  const [host = "", port = ""] = milvus.address.split(":");
  const settings = [
    `triton.url=${triton.httpUrl}`,
    `triton.model_name=${model.name}`,
    "preprocess.preset=efficientnet-lite",
    `milvus.host=${host}`,
    `milvus.port=${port}`,
    "milvus.index_type=FLAT",
  ].flatMap((setting) => ["--set", setting]);
  let runs = 0;
  const args = () => ["--config", "config/servers.yaml", "--collection", `bench_${process.pid}_${runs++}`, ...settings];
  try {
    return {
      name: "main-thread-served",
      title: `CPU time of the main thread with Triton (shared memory) and Milvus, between ${few} and ${many} VGA photos`,
      command: "npm run bench -- main-thread-served",
      figures: [...(await mainThreadFigures({ few, many, rounds: 3, args })), load()],
    };
  } finally {
    await triton.stop();
    await milvus.stop();
  }
}

function load() {
  return plain("load of the machine in the last minute", `${loadavg()[0]?.toFixed(1)} on ${availableParallelism()} cores`);
}
