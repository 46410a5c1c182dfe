/** Compiles a function that converts a batch of uint8 pixels to float32 tensors. Callers of the function never see JAX arrays. */
import type { ImageFunction } from "./define.js";
import type { Jax } from "./runtime.js";

/** Batches are padded to one of these sizes. JAX compiles a function for each size, so all of them are compiled in `compileKernel`. */
const batchSizes = [1, 2, 4, 8, 16, 32] as const;
const largest = batchSizes[batchSizes.length - 1]!;

export interface KernelSpec {
  /** Height of the input images in pixels. */
  readonly height: number;
  /** Width of the input images in pixels. */
  readonly width: number;
}

export interface Kernel {
  /** `pixels` has `rows × height × width × 3` bytes. Returns the tensors of all rows, back to back. */
  run(pixels: Uint8Array, rows: number): Promise<Float32Array<ArrayBuffer>>;
}

/** Compiles `jit(vmap(apply))` for every batch size. For images of 224 × 224 pixels, this takes about a third of a second. */
export async function compileKernel(jax: Jax, apply: ImageFunction, { height, width }: KernelSpec): Promise<Kernel> {
  const rowLength = height * width * 3;
  const batched = jax.jit(jax.vmap((image: Parameters<ImageFunction>[0]) => apply(image, jax)));

  const runPadded = async (pixels: Uint8Array, size: number) => {
    const floats = new Float32Array(size * rowLength);
    floats.set(pixels);
    const output = batched(jax.numpy.array(floats).reshape([size, height, width, 3]));
    const { shape } = output;
    return { shape: shape.slice(1), data: await output.data() };
  };

  const [first, ...others] = batchSizes;
  const { shape } = await runPadded(new Uint8Array(rowLength), first);
  for (const size of others) await runPadded(new Uint8Array(rowLength), size);
  const outputLength = shape.reduce((product, side) => product * side, 1);

  return {
    async run(pixels, rows) {
      const tensors = new Float32Array(rows * outputLength);
      for (let start = 0; start < rows; start += largest) {
        const count = Math.min(largest, rows - start);
        const size = batchSizes.find((each) => each >= count)!;
        const { data } = await runPadded(pixels.subarray(start * rowLength, (start + count) * rowLength), size);
        tensors.set(data.subarray(0, count * outputLength), start * outputLength);
      }
      return tensors;
    },
  };
}
