/** The JAX settings of the `preprocess` section. */
import * as z from "zod";

export const jaxSettings = {
  jaxThread: z.enum(["main", "worker"]).default("main").describe("Thread in which JAX runs. worker: a separate thread."),
  useGpu: z.boolean().default(false).describe("Whether JAX uses WebGPU. Node.js has none."),
};

export const jaxSection = z.object(jaxSettings);
export type JaxSection = z.output<typeof jaxSection>;
