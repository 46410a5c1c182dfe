/** The code of the worker thread for JAX. The worker runs the same kernel as `jax_thread: main`. */
import { serveWorker, type WorkerService } from "../../kit/index.js";
import { type KernelSettings, openKernel } from "./step.js";

export interface KernelRequest {
  readonly rows: number;
}

await serveWorker(async (settings: KernelSettings): Promise<WorkerService<null, KernelRequest, Float32Array>> => {
  const kernel = await openKernel(settings);
  return {
    ready: null,
    handle: async ({ rows }, buffer) => {
      const tensors = await kernel.run(new Uint8Array(buffer), rows);
      return { answer: tensors, transfer: [tensors.buffer] };
    },
    close: () => Promise.resolve(),
  };
});
