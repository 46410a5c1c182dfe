import { deviceMissing, packageMissing } from "./errors.js";
import type { JaxSection } from "./options.js";

export type Jax = typeof import("@jax-js/jax");
export type JaxArray = import("@jax-js/jax").numpy.Array;

/** Where JAX computes: in WebAssembly, or on a GPU through WebGPU. jax-js supports WebGPU in browsers and Deno, but not in Node. */
export type JaxDevice = "wasm" | "webgpu";

export function deviceOf({ useGpu = false }: Partial<JaxSection>): JaxDevice {
  return useGpu ? "webgpu" : "wasm";
}

/** Loads jax-js. Throws `part_missing` if the package is missing, and `config_conflict` if this runtime does not have the device. */
export async function loadJax(device: JaxDevice): Promise<Jax> {
  let jax: Jax;
  try {
    jax = await import("@jax-js/jax");
  } catch (error) {
    throw packageMissing(error);
  }
  const devices = await initialised(jax, device);
  if (!devices.includes(device)) throw deviceMissing(device, devices);
  jax.defaultDevice(device);
  return jax;
}

async function initialised(jax: Jax, device: JaxDevice): Promise<readonly string[]> {
  try {
    return await jax.init(device);
  } catch (error) {
    // jax-js throws if the global `navigator` does not exist. Node 20 does not have it.
    throw deviceMissing(device, [], error);
  }
}
