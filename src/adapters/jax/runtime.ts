import { deviceMissing, packageMissing } from "./errors.js";
import type { JaxSection } from "./options.js";

export type Jax = typeof import("@jax-js/jax");
export type JaxArray = import("@jax-js/jax").numpy.Array;

/** Where JAX computes. jax-js has WebGPU only in browsers and Deno. */
export type JaxDevice = "wasm" | "webgpu";

export function deviceOf({ useGpu = false }: Partial<JaxSection>): JaxDevice {
  return useGpu ? "webgpu" : "wasm";
}

/** Throws `part_missing` if the package is missing, and `config_conflict` if the device is missing. */
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
    // jax-js throws if there is no `navigator`, as in Node 20.
    throw deviceMissing(device, [], error);
  }
}
