/** Whole runs of the command with config/servers.yaml, a sleeping Triton model and Milvus: counts checked, collections dropped. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { milvusStore } from "../src/adapters/milvus/index.js";
import { makeCorpus } from "../test/support/corpus/corpus.js";
import { startMilvus } from "../test/support/services/milvus.js";
import { startTriton } from "../test/support/services/triton.js";
import { busyShare, lastExecutions } from "./gpu-log.js";
import { measureCommand } from "./processes.js";
import { slowCalls } from "./slow-calls.js";

export const photos = 2_000;
export const dimension = 512;
const corpusFolder = join(".cache", "corpus", "vga-2000");
const calm = new AbortController().signal;

/** A model that takes this long for a batch, as one GPU would. */
export interface Gpu {
  readonly baseMs: number;
  readonly rowMs: number;
}

export interface ServedRunOptions {
  readonly pipeline: "async" | "sync";
  readonly gpu: string;
  /** Every call of the store takes this much longer. */
  readonly storeDelayMs: number;
  /** More settings, `key.path=value`. Default: none. */
  readonly settings?: readonly string[];
}

export interface IngestDocument {
  readonly stored: number;
  readonly failed: number;
  readonly elapsedMs: number;
  readonly imagesPerSecond: number;
  readonly peakRssBytes: number;
  readonly stages: readonly {
    readonly name: string;
    readonly workers: number;
    readonly busyShare: number;
    readonly starvedShare: number;
    readonly blockedShare: number;
  }[];
  readonly verdict: string;
}

export interface ServedRun {
  readonly document: IngestDocument;
  /** From the start of the process to its end. */
  readonly wallMs: number;
  /** 0 to 1, by the model's own log, from its first batch to its last. */
  readonly gpuBusyShare: number;
  readonly gpuBatches: number;
  /** From the process' start to the first batch, and from the last batch to the process' end. */
  readonly beforeGpuMs: number;
  readonly afterGpuMs: number;
  /** Upserts that went through the delay; null without one. */
  readonly delayedUpserts: number | null;
}

export interface Servers {
  run(options: ServedRunOptions): Promise<ServedRun>;
  stop(): Promise<void>;
}

/** A real Milvus and a real Triton with one sleeping model for each of `gpus`, and the photos. */
export async function startServers(gpus: Readonly<Record<string, Gpu>>): Promise<Servers> {
  await makeCorpus({ folder: corpusFolder, count: photos, seed: photos, sizes: "vga" });
  const folder = await mkdtemp(join(tmpdir(), "headrace-bench-"));
  const busyLog = (name: string) => join(folder, `${name}.log`);
  const models = Object.entries(gpus).map(([name, gpu]) => ({
    kind: "sleeping" as const,
    name,
    ...gpu,
    dimension,
    busyLog: busyLog(name),
  }));
  const [triton, milvus] = await Promise.all([startTriton({ models }), startMilvus()]);
  let runs = 0;
  return {
    run: async ({ pipeline, gpu, storeDelayMs, settings = [] }) => {
      const collection = `bench_${process.pid}_${runs++}`;
      const slow = storeDelayMs > 0 ? await slowCalls(milvus.address, storeDelayMs) : null;
      const [host = "", port = ""] = (slow?.address ?? milvus.address).split(":");
      const given = [
        `triton.url=${triton.httpUrl}`,
        `triton.model_name=${gpu}`,
        "preprocess.preset=efficientnet-lite",
        `milvus.host=${host}`,
        `milvus.port=${port}`,
        `lancedb.path=${join(folder, collection)}`,
        ...settings,
      ].flatMap((setting) => ["--set", setting]);
      const uptimeMs = () => Number(process.hrtime.bigint()) / 1e6;
      const startedMs = uptimeMs();
      try {
        const document = await measureCommand<IngestDocument>(
          "ingest",
          corpusFolder,
          "--config",
          "config/servers.yaml",
          "--collection",
          collection,
          "--pipeline",
          pipeline,
          ...given,
        );
        const endedMs = uptimeMs();
        if (document.stored !== photos) throw new Error(`${document.stored} of ${photos} photos were stored`);
        const executions = await lastExecutions(busyLog(gpu), photos);
        return {
          document,
          wallMs: endedMs - startedMs,
          gpuBusyShare: busyShare(executions),
          gpuBatches: executions.length,
          beforeGpuMs: (executions[0]?.start_ns ?? Number.NaN) / 1e6 - startedMs,
          afterGpuMs: endedMs - (executions.at(-1)?.end_ns ?? Number.NaN) / 1e6,
          delayedUpserts: slow?.calls.get("Upsert") ?? null,
        };
      } finally {
        await slow?.close();
        await checkAndDrop(milvus.address, collection);
      }
    },
    stop: async () => {
      await triton.stop();
      await milvus.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Throws when the collection does not hold every photo once. */
async function checkAndDrop(address: string, name: string): Promise<void> {
  const [host = "", port = ""] = address.split(":");
  const store = milvusStore({ host, port: Number(port) });
  await store.open(calm);
  try {
    const collection = await store.openCollection(name, "read");
    const count = await collection.count();
    await collection.close();
    await store.drop(name);
    if (count !== photos) throw new Error(`${name} holds ${count} rows, not ${photos}`);
  } finally {
    await store.close();
  }
}
