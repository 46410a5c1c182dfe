/** How busy a whole run keeps the GPU: the command, VGA photos, a model that sleeps as one GPU would work, and LanceDB. */
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { makeCorpus } from "../test/support/corpus/corpus.js";
import { startTriton } from "../test/support/services/triton.js";
import { busyShare, lastExecutions } from "./gpu-log.js";
import { atLeast, type BenchSection, plain } from "./harness.js";
import { measureCommand, measureScript } from "./processes.js";

const photos = 2_000;
const corpusFolder = join(".cache", "corpus", "vga-2000");
/** 235 images/s at most: what two cores can decode and send is more. */
const gpu = { baseMs: 8, rowMs: 4 } as const;
const gpuImagesPerSecond = 32_000 / (gpu.baseMs + 32 * gpu.rowMs);
/** A source that is faster than the GPU, but rests between its bursts. */
const burstyFactor = 1.3;

interface IngestDocument {
  readonly stored: number;
  readonly imagesPerSecond: number;
  readonly stages: readonly { readonly name: string; readonly busyShare: number; readonly starvedShare: number }[];
}

export async function tritonBusy(): Promise<BenchSection> {
  await makeCorpus({ folder: corpusFolder, count: photos, seed: photos, sizes: "vga" });
  const folder = await mkdtemp(join(tmpdir(), "headrace-bench-"));
  const busyLog = join(folder, "busy.log");
  const server = await startTriton({ models: [{ kind: "sleeping", name: "gpu", ...gpu, dimension: 1280, busyLog }] });
  try {
    const settings = [
      `triton.url=${server.httpUrl}`,
      "triton.model_name=gpu",
      "preprocess.preset=efficientnet-lite",
      `lancedb.path=${folder}`,
    ];
    const document = await measureCommand<IngestDocument>("ingest", corpusFolder, ...settings.flatMap((setting) => ["--set", setting]));
    if (document.stored !== photos) throw new Error(`${document.stored} of ${photos} photos were stored`);
    const executions = await lastExecutions(busyLog, photos);
    const batches = executions.length;
    const rate = String(burstyFactor * gpuImagesPerSecond);
    const bursty = await measureScript<{ readonly stored: number }>(
      "bursty-run",
      corpusFolder,
      server.httpUrl,
      "gpu",
      join(folder, "bursts"),
      rate,
    );
    if (bursty.stored !== photos) throw new Error(`bursty: ${bursty.stored} of ${photos} photos were stored`);
    const burstyBusy = busyShare(await lastExecutions(busyLog, photos)) * 100;
    return {
      name: "triton-busy",
      title: `A GPU kept busy: sharp → Triton → LanceDB, ${photos} VGA photos, a model of ${gpu.baseMs} ms + ${gpu.rowMs} ms a row`,
      command: "npm run bench -- triton-busy",
      figures: [
        atLeast("GPU busy from its first to its last batch, by its own log, %", busyShare(executions) * 100, 98.5, 2),
        atLeast(`the same, with a source of ${burstyFactor} × the GPU's speed that comes in bursts, %`, burstyBusy, 97, 2),
        plain("batches, images in each", `${batches}, ${(photos / batches).toFixed(1)}`),
        plain(
          "images in the first ten batches",
          executions
            .slice(0, 10)
            .map(({ rows }) => rows)
            .join(", "),
        ),
        plain("images/s, start and end included", document.imagesPerSecond.toFixed(1)),
        plain("embed stage busy / starved", stageText(document, "embed")),
        plain("load of the machine in the minute of the run", `${loadavg()[0]?.toFixed(1)} on ${availableParallelism()} cores`),
      ],
    };
  } finally {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function stageText({ stages }: IngestDocument, name: string): string {
  const stage = stages.find((one) => one.name === name);
  return `${((stage?.busyShare ?? Number.NaN) * 100).toFixed(1)} % / ${((stage?.starvedShare ?? Number.NaN) * 100).toFixed(1)} %`;
}
