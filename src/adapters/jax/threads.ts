/** Runs a kernel on the calling thread or in a worker thread. */
import { checkAborted, WorkerPool } from "../../kit/index.js";
import { type KernelSettings, openKernel } from "./step.js";
import type { KernelRequest } from "./worker.js";

/** "main": the kernel runs on the calling thread and blocks it. "worker": the kernel runs in a separate thread. */
export type JaxThread = "main" | "worker";

export interface PlacedKernel {
  /** `pixels` has `rows × height × width × 3` bytes. The caller must not use `pixels` afterwards, because a worker takes the buffer. */
  run(pixels: ArrayBuffer, rows: number, signal: AbortSignal): Promise<Float32Array>;
  close(): Promise<void>;
}

export function placeKernel(thread: JaxThread, settings: KernelSettings, signal: AbortSignal): Promise<PlacedKernel> {
  return thread === "main" ? onMainThread(settings) : inWorker(settings, signal);
}

async function onMainThread(settings: KernelSettings): Promise<PlacedKernel> {
  const kernel = await openKernel(settings);
  return {
    async run(pixels, rows, signal) {
      const tensors = await kernel.run(new Uint8Array(pixels), rows);
      checkAborted(signal, "preprocessing in JAX");
      return tensors;
    },
    close: () => Promise.resolve(),
  };
}

async function inWorker(settings: KernelSettings, signal: AbortSignal): Promise<PlacedKernel> {
  const pool = new WorkerPool<null, KernelRequest, Float32Array>({
    name: "preprocessing in JAX",
    url: new URL("./worker.js", import.meta.url),
    settings,
    size: 1,
    giveBack: () => undefined,
  });
  await pool.open(signal);
  return {
    run: (pixels, rows, runSignal) => pool.call({ rows }, pixels, runSignal),
    close: () => pool.close(),
  };
}
