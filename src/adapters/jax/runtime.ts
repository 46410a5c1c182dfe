/** Loads jax-js when it is needed. */
import { deviceMissing, packageMissing } from "./errors.js";
import type { JaxSection } from "./options.js";

export type Jax = typeof import("@jax-js/jax");
export type JaxArray = import("@jax-js/jax").numpy.Array;

/** Where the numbers are computed. jax-js has WebGPU in browsers and Deno only. */
export type JaxDevice = "wasm" | "webgpu";

export function deviceOf({ useGpu = false }: Partial<JaxSection>): JaxDevice {
  return useGpu ? "webgpu" : "wasm";
}

/** Throws `part_missing` without the package, `config_conflict` without the device. */
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
    // Where there is no `navigator`, as in Node 20, jax-js does not look for a GPU but throws.
    throw deviceMissing(device, [], error);
  }
}
