/** Normalising 224 × 224 pixels to float32 NCHW: cost for an image by batch size, and how long the event loop waits meanwhile. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { JaxPreprocessor } from "../src/adapters/jax/index.js";
import { NativePreprocessor } from "../src/adapters/native/index.js";
import type { Pixels, Preprocessor, TensorSpec } from "../src/contracts/index.js";
import { plainSlab, resolvePreprocessing, rowBytes } from "../src/kit/index.js";
import { alternate, type BenchSection, median, plain, spread } from "./harness.js";

const batchSizes = [1, 2, 4, 8, 16, 32, 64] as const;
const imagesOfOneRound = 128;
const rounds = 5;
const delayBatch = 32;
const delayMs = 3_000;
const side = 224;

const input: TensorSpec = { dtype: "float32", layout: "NCHW", width: side, height: side };
const image: Pixels = {
  width: side,
  height: side,
  data: Uint8Array.from({ length: side * side * 3 }, (_, index) => (index * 7919) % 256),
  original: { width: side, height: side },
};

export async function preprocessing(): Promise<BenchSection> {
  const never = new AbortController().signal;
  const chosen = resolvePreprocessing({ preset: "efficientnet-lite", embedderInput: input });
  const backends = {
    native: new NativePreprocessor(chosen),
    jax: new JaxPreprocessor(chosen),
    "jax in a worker": new JaxPreprocessor(chosen, { thread: "worker" }),
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
    for (const [name, backend] of Object.entries(all)) {
      const { p99Ms, maxMs } = await loopDelay(backend);
      figures.push(plain(`event loop delay p99, ${name}, batches of ${delayBatch}, ms`, p99Ms.toFixed(1)));
      figures.push(plain(`event loop delay at the most, ${name}, ms`, maxMs.toFixed(1)));
    }
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

/** While one batch follows the other; the histogram counts in nanoseconds, and a loop with nothing to do shows about 1 ms. */
async function loopDelay(preprocessor: Preprocessor): Promise<{ readonly p99Ms: number; readonly maxMs: number }> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const endMs = performance.now() + delayMs;
  delay.enable();
  while (performance.now() < endMs) {
    await runOnce(preprocessor, delayBatch);
    await new Promise((turn) => setImmediate(turn));
  }
  delay.disable();
  return { p99Ms: delay.percentile(99) / 1e6, maxMs: delay.max / 1e6 };
}

async function runOnce(preprocessor: Preprocessor, batch: number): Promise<void> {
  const slab = plainSlab(batch, rowBytes(input));
  await preprocessor.run(
    Array.from({ length: batch }, () => image),
    slab,
    new AbortController().signal,
  );
}
