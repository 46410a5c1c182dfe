/** Preprocessing in JAX. The function for batches, `jit(vmap(f))`, is compiled when the preprocessor is opened. */
import type { Geometry, Pixels, Preprocessing, Preprocessor, Slab, TensorSpec } from "../../contracts/index.js";
import { HeadraceError } from "../../contracts/index.js";
import { checkAborted, float32ToFloat16, takePixels } from "../../kit/index.js";
import { computationFailed } from "./errors.js";
import { type JaxSection, jaxSection } from "./options.js";
import { deviceOf } from "./runtime.js";
import type { JaxStep } from "./step.js";
import { type PlacedKernel, placeKernel } from "./threads.js";

/**
 * Makes a preprocessor. A missing option has the default of the setting with the same name. `open` loads jax-js. Throws `config_conflict`
 * for a model that takes uint8, because such a model normalises inside.
 */
export function jaxPreprocessor(preprocessing: Preprocessing, options: Partial<JaxSection> = {}): JaxPreprocessor {
  return new JaxPreprocessor(preprocessing, options);
}

export class JaxPreprocessor implements Preprocessor {
  readonly name = "jax";
  readonly label: string;
  readonly input: Geometry;
  readonly output: TensorSpec;
  readonly #step: JaxStep;
  readonly #options: JaxSection;
  #kernel: PlacedKernel | null = null;

  /** `step`: the computation, for example a user's function. Default: the normalisation that `preprocessing` describes. */
  constructor(preprocessing: Preprocessing, options: Partial<JaxSection> = {}, step?: JaxStep) {
    const { name, geometry, normalization, output } = preprocessing;
    if (output.dtype === "uint8") {
      throw new HeadraceError(
        "config_conflict",
        "preprocess.backend: expected native for a model that takes uint8, found jax, which produces float32 and float16",
      );
    }
    this.label = `${name}, JAX`;
    this.input = geometry;
    this.output = output;
    this.#step = step ?? { kind: "normalize", normalization, layout: output.layout };
    this.#options = { ...jaxSection.parse({}), ...options };
  }

  async open(signal: AbortSignal): Promise<void> {
    const { jaxThread } = this.#options;
    const { height, width } = this.input;
    this.#kernel = await placeKernel(jaxThread, { step: this.#step, device: deviceOf(this.#options), height, width }, signal);
  }

  async run(batch: readonly Pixels[], into: Slab, signal: AbortSignal): Promise<void> {
    checkAborted(signal, "preprocessing in JAX");
    if (this.#kernel === null)
      throw new HeadraceError("contract_broken", "JAX preprocessor: expected open() before run(), found no call of open()");
    if (batch.length === 0) return;
    const tensors = await this.#compute(this.#kernel, batch, signal);
    const length = tensors.length / batch.length;
    for (let row = 0; row < batch.length; row += 1) {
      into.bytes.set(this.#encode(tensors.subarray(row * length, (row + 1) * length)), row * into.rowBytes);
    }
  }

  async close(): Promise<void> {
    const kernel = this.#kernel;
    this.#kernel = null;
    await kernel?.close();
  }

  async #compute(kernel: PlacedKernel, batch: readonly Pixels[], signal: AbortSignal): Promise<Float32Array> {
    const rowLength = this.input.width * this.input.height * 3;
    const pixels = new Uint8Array(batch.length * rowLength);
    for (const [row, each] of batch.entries()) pixels.set(takePixels(each, this.input), row * rowLength);
    try {
      return await kernel.run(pixels.buffer, batch.length, signal);
    } catch (error) {
      throw computationFailed(this.label, error);
    }
  }

  #encode(tensor: Float32Array): Uint8Array {
    const numbers = this.output.dtype === "float16" ? float32ToFloat16(tensor) : tensor;
    return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
  }
}
