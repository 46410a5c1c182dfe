/** Normalising 224 × 224 pixels to float32 NCHW: cost for an image by batch size, what auto picks, and how late the event loop is in a run. */
import { join } from "node:path";
import { jaxPreprocessor } from "../src/adapters/jax/index.js";
import { nativePreprocessor } from "../src/adapters/native/index.js";
import { openFastest } from "../src/app/wiring/fastest-preprocessor.js";
import { resolvePreprocessing } from "../src/chain/index.js";
import type { Pixels, Preprocessing, Preprocessor, TensorSpec } from "../src/contracts/index.js";
import { plainSlab, rowBytes } from "../src/kit/index.js";
import { makeCorpus } from "../test/support/corpus/corpus.js";
import { alternate, atMost, type BenchSection, median, plain, spread } from "./harness.js";
import { measureScript } from "./processes.js";

const batchSizes = [1, 2, 4, 8, 16, 32, 64] as const;
const imagesOfOneRound = 128;
const rounds = 5;
const corpusFolder = join(".cache", "corpus", "vga-2000");
const side = 224;

const input: TensorSpec = { dtype: "float32", layout: "NCHW", width: side, height: side };
const image: Pixels = {
  width: side,
  height: side,
  data: Uint8Array.from({ length: side * side * 3 }, (_, index) => (index * 7919) % 256),
  original: { width: side, height: side },
};

interface Lateness {
  readonly p99Ms: number;
  readonly maxMs: number;
}

export async function preprocessing(): Promise<BenchSection> {
  const never = new AbortController().signal;
  const chosen = resolvePreprocessing({ preset: "efficientnet-lite", embedderInput: input });
  const backends = {
    native: nativePreprocessor(chosen),
    jax: jaxPreprocessor(chosen),
    "jax in a worker": jaxPreprocessor(chosen, { jaxThread: "worker" }),
  };
  const all: Record<keyof typeof backends, Preprocessor> = backends;
  for (const backend of Object.values(all)) await backend.open?.(never);
  const figures = [];
  try {
    for (const batch of batchSizes) {
      const cost = await alternate(
        {
          native: () => imageMs(all.native, batch),
          jax: () => imageMs(all.jax, batch),
          "jax in a worker": () => imageMs(all["jax in a worker"], batch),
        },
        rounds,
      );
      for (const [name, measured] of Object.entries(cost))
        figures.push(plain(`${name}, batch of ${batch}, ms an image`, spread(measured, 2)));
      figures.push(plain(`jax ÷ native, batch of ${batch}`, (median(cost.jax) / median(cost.native)).toFixed(1)));
    }
    figures.push(plain("auto picks", await picked(chosen)));
    await makeCorpus({ folder: corpusFolder, count: 2_000, seed: 2_000, sizes: "vga" });
    const main = await measureScript<Lateness>("jax-run", corpusFolder, "main");
    const worker = await measureScript<Lateness>("jax-run", corpusFolder, "worker");
    figures.push(
      plain("a run of 500 photos, JAX on the main thread: event loop late by, p99 and at the most, ms", both(main)),
      atMost("a run of 500 photos, JAX in a worker: event loop late by, p99, ms", worker.p99Ms, 20, 1),
      plain("a run of 500 photos, JAX in a worker: event loop late by, p99 and at the most, ms", both(worker)),
    );
  } finally {
    for (const backend of Object.values(all)) await backend.close?.();
  }
  return {
    name: "preprocess",
    title: "Preprocessing: typed arrays and JAX (WebAssembly), uint8 pixels to float32 NCHW of 224 × 224",
    command: "npm run bench -- preprocess",
    figures,
  };
}

async function imageMs(preprocessor: Preprocessor, batch: number): Promise<number> {
  const runs = Math.ceil(imagesOfOneRound / batch);
  const startedMs = performance.now();
  for (let run = 0; run < runs; run += 1) await runOnce(preprocessor, batch);
  return (performance.now() - startedMs) / (runs * batch);
}

/** As a run does it, on this machine. */
async function picked(chosen: Preprocessing): Promise<string> {
  const fallback = async () => nativePreprocessor(chosen);
  const candidate = async () => jaxPreprocessor(chosen);
  const preprocessor = await openFastest({ fallback, candidate }, new AbortController().signal);
  await preprocessor.close?.();
  return preprocessor.label ?? preprocessor.name;
}

function both({ p99Ms, maxMs }: Lateness): string {
  return `${p99Ms.toFixed(1)}, ${maxMs.toFixed(1)}`;
}

async function runOnce(preprocessor: Preprocessor, batch: number): Promise<void> {
  const slab = plainSlab(batch, rowBytes(input));
  await preprocessor.run(
    Array.from({ length: batch }, () => image),
    slab,
    new AbortController().signal,
  );
}
