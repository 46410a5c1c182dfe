/** The specification's job, default settings, against a plain program by hand that does the same on the same servers. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { launcherVariables } from "../src/cli/process/launcher-variables.js";
import { startMilvus } from "../test/support/services/milvus.js";
import { startTriton } from "../test/support/services/triton.js";
import { alternate, atLeast, atMost, type BenchSection, median, plain, spread } from "./harness.js";
import { measureMain, measureScriptUnder } from "./processes.js";
import { vgaJpegs } from "./vga-jpegs.js";

const photos = 2_000;
const rounds = 5;
const model = { kind: "sleeping", name: "gpu", baseMs: 8, rowMs: 4, dimension: 512, maxBatch: 32 } as const;
/** Both programs get them. */
const environment = launcherVariables();

export async function byHand(): Promise<BenchSection> {
  const corpus = await vgaJpegs(photos);
  const folder = await mkdtemp(join(tmpdir(), "headrace-bench-"));
  const [triton, milvus] = await Promise.all([startTriton({ models: [model] }), startMilvus()]);
  const [host = "", port = ""] = milvus.address.split(":");
  const cpuMs: Record<"headrace" | "byHand", number[]> = { headrace: [], byHand: [] };
  let runs = 0;
  const timed = (
    name: keyof typeof cpuMs,
    work: (flags: readonly string[], collection: string) => Promise<{ readonly stored: number }>,
  ) => {
    const flags = ["--import", fileURLToPath(new URL("./cpu-preload.js", import.meta.url))];
    return async (): Promise<number> => {
      const startedMs = performance.now();
      const { stored } = await work(flags, `bench_${process.pid}_${runs++}`);
      const elapsedMs = performance.now() - startedMs;
      if (stored !== photos) throw new Error(`${name}: ${stored} of ${photos} photos were stored`);
      cpuMs[name].push(Number(await readFile(join(folder, "cpu"), "utf8")));
      return (photos / elapsedMs) * 1000;
    };
  };
  const settings = [
    `triton.url=${triton.httpUrl}`,
    `triton.model_name=${model.name}`,
    "preprocess.preset=efficientnet-lite",
    `milvus.host=${host}`,
    `milvus.port=${port}`,
    "milvus.index_type=FLAT",
    `lancedb.path=${join(folder, "data")}`,
  ].flatMap((setting) => ["--set", setting]);
  const variables = { ...environment, HEADRACE_BENCH_CPU: join(folder, "cpu") };
  Object.assign(process.env, variables);
  try {
    const speed = await alternate(
      {
        byHand: timed("byHand", (flags, name) =>
          measureScriptUnder(flags, "by-hand-run", corpus, triton.httpUrl, model.name, milvus.address, name),
        ),
        headrace: timed("headrace", (flags, name) => measureMain(flags, variables, ["ingest", corpus, "--collection", name, ...settings])),
      },
      rounds,
    );
    return {
      name: "by-hand",
      title: `${photos} VGA JPEGs, sharp → Triton (${model.baseMs} ms + ${model.rowMs} ms a row) → Milvus, default settings, against a program by hand`,
      command: "npm run bench -- by-hand",
      figures: [
        atLeast("speed ÷ that of the program by hand, whole processes", median(speed.headrace) / median(speed.byHand), 0.97, 3),
        atMost("CPU time ÷ that of the program by hand", median(cpuMs.headrace) / median(cpuMs.byHand), 1.05, 3),
        plain("images/s, Headrace; by hand", `${spread(speed.headrace, 1)}; ${spread(speed.byHand, 1)}`),
        plain(
          "CPU ms per image, Headrace; by hand",
          [cpuMs.headrace, cpuMs.byHand].map((all) => (median(all) / photos).toFixed(2)).join("; "),
        ),
        plain("load of the machine in the last minute", `${loadavg()[0]?.toFixed(1)} on ${availableParallelism()} cores`),
      ],
    };
  } finally {
    await triton.stop();
    await milvus.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
