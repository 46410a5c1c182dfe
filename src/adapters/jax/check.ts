/** Tests a user's preprocessor with two images when the preprocessor is loaded. */
import type { TensorSpec } from "../../contracts/index.js";
import { tensorShape } from "../../kit/index.js";
import { firstLine, preprocessorRefused } from "./errors.js";
import { type PreprocessorModule, placeOfError } from "./module.js";
import type { Jax } from "./runtime.js";

interface Trial {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly data: ArrayLike<number>;
}

/**
 * Throws `config_invalid` if `apply` returns another shape than the model's input, another type than float32, numbers that are not finite,
 * or other numbers when it is called again. The message names the user's file and the line.
 */
export async function checkPreprocessor(jax: Jax, module: PreprocessorModule, output: TensorSpec): Promise<void> {
  const first = await attempt(jax, module);
  const place = await placeOfError(module.path, null, "apply");
  const expected = tensorShape(output, 2).slice(1);
  if (first.shape.join() !== expected.join()) {
    throw preprocessorRefused(place, `a result of the model's shape [${expected.join(", ")}]`, `[${first.shape.join(", ")}]`);
  }
  if (first.dtype !== "float32") throw preprocessorRefused(place, "a result of float32", first.dtype);
  const wrong = Array.prototype.findIndex.call(first.data, (value: number) => !Number.isFinite(value));
  if (wrong >= 0) throw preprocessorRefused(place, "finite numbers", `${first.data[wrong]} at position ${wrong}`);
  const second = await attempt(jax, module);
  const differs = Array.prototype.findIndex.call(second.data, (value: number, index: number) => value !== first.data[index]);
  if (differs >= 0) {
    const found = `${first.data[differs]} and then ${second.data[differs]} at position ${differs}`;
    throw preprocessorRefused(place, "the same numbers for the same image each time", found);
  }
}

/** Runs `apply` once. JAX traces `apply` anew in each call, so an `apply` that reads a clock or random numbers gives different results. */
async function attempt(jax: Jax, module: PreprocessorModule): Promise<Trial> {
  const { apply, imageSize } = module.definition;
  const [height, width] = imageSize;
  const images = Float32Array.from({ length: 2 * height * width * 3 }, (_, index) => (index * 7919) % 256);
  try {
    const batched = jax.jit(jax.vmap((image: Parameters<typeof apply>[0]) => apply(image, jax)));
    const output = batched(jax.numpy.array(images).reshape([2, height, width, 3]));
    const { shape, dtype } = output;
    return { shape: shape.slice(1), dtype: String(dtype), data: await output.data() };
  } catch (error) {
    throw preprocessorRefused(
      await placeOfError(module.path, error, "apply"),
      "an `apply` that runs in jit(vmap(…))",
      firstLine(error),
      error,
    );
  }
}
