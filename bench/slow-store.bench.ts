/** A store whose every call takes 200 ms longer: the GPU stays fed while the store's capacity allows it, and else the report says why not. */
import { atLeast, type BenchSection, type Figure, plain } from "./harness.js";
import { photos, type ServedRun, startServers } from "./served-run.js";

const delayMs = 200;
/** 235 images/s at most. */
const gpu = { baseMs: 8, rowMs: 4 } as const;
const gpuRate = 32 / ((gpu.baseMs + 32 * gpu.rowMs) / 1000);

interface Capacity {
  readonly insertWorkers: number;
  readonly insertBatchSize: number;
}

/** 1,000 rows/s and 50 rows/s at most, each on its side of the GPU's rate. */
const enough: Capacity = { insertWorkers: 2, insertBatchSize: 100 };
const tooLittle: Capacity = { insertWorkers: 1, insertBatchSize: 10 };

export async function slowStore(): Promise<BenchSection> {
  const servers = await startServers({ gpu });
  const run = ({ insertWorkers, insertBatchSize }: Capacity): Promise<ServedRun> =>
    servers.run({
      pipeline: "async",
      gpu: "gpu",
      storeDelayMs: delayMs,
      settings: [
        "milvus.index_type=FLAT",
        `async_pipeline.insert_workers=${insertWorkers}`,
        `async_pipeline.insert_batch_size=${insertBatchSize}`,
      ],
    });
  try {
    const wide = await run(enough);
    const narrow = await run(tooLittle);
    const named: Figure = {
      what: `${text(tooLittle)}: the verdict names the store`,
      value: narrow.document.verdict,
      promise: '"store is the limit"',
      isKept: narrow.document.verdict.startsWith("store is the limit"),
    };
    return {
      name: "slow-store",
      title: `A store slowed by ${delayMs} ms a call: sharp → Triton (${gpu.baseMs} ms + ${gpu.rowMs} ms a row) → Milvus, ${photos} VGA photos, config/servers.yaml`,
      command: "npm run bench -- slow-store",
      figures: [
        plain("what the GPU allows, images/s", gpuRate.toFixed(0)),
        atLeast(`${text(enough)}: GPU busy from its first to its last batch, %`, wide.gpuBusyShare * 100, 97, 2),
        plain(`${text(enough)}: images/s, calls of the store`, `${wide.document.imagesPerSecond}, ${wide.delayedUpserts}`),
        plain(`${text(enough)}: verdict`, wide.document.verdict),
        named,
        plain(
          `${text(tooLittle)}: images/s, calls of the store, GPU busy %`,
          `${narrow.document.imagesPerSecond}, ${narrow.delayedUpserts}, ${(narrow.gpuBusyShare * 100).toFixed(1)}`,
        ),
      ],
    };
  } finally {
    await servers.stop();
  }
}

function text(capacity: Capacity): string {
  const { insertWorkers, insertBatchSize } = capacity;
  return `${insertWorkers} × ${insertBatchSize} rows in flight (${capacityOf(capacity)} rows/s at most)`;
}

function capacityOf({ insertWorkers, insertBatchSize }: Capacity): number {
  return (insertWorkers * insertBatchSize * 1000) / delayMs;
}
