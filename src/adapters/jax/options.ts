/** What of the `preprocess` section is for JAX. */
import * as z from "zod";

export const jaxSettings = {
  jaxThread: z.enum(["main", "worker"]).default("main").describe("Where JAX runs. worker: in a thread of its own."),
  useGpu: z.boolean().default(false).describe("WebGPU for JAX where there is one."),
  jaxPlatform: z
    .enum(["cpu", "gpu", "tpu"])
    .nullable()
    .default(null)
    .describe("Accepted for files of the Python service.")
    .meta({ ignored: "JAX runs on WebAssembly here, or on WebGPU with `use_gpu`" }),
};

export const jaxSection = z.object(jaxSettings);
export type JaxSection = z.output<typeof jaxSection>;
