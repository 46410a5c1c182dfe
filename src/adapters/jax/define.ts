/** The definition of a user's preprocessor, written in JAX. */
import type { Geometry } from "../../contracts/index.js";
import type { Jax, JaxArray } from "./runtime.js";

/** Converts one image to the model's tensor. Must be a pure function: JAX's `vmap` and `jit` make a function for batches from it. */
export type ImageFunction = (image: JaxArray, jax: Jax) => JaxArray;

export interface PreprocessorDefinition {
  /** The name of the preprocessor. It becomes part of the label of each collection that is made with the preprocessor. */
  readonly name: string;
  /** The version of the preprocessor. Choose another version when the results of `apply` change. */
  readonly version: string;
  /** Size in pixels of the image that `apply` receives. */
  readonly imageSize: readonly [height: number, width: number];
  /** How an image of any size is resized to `imageSize`. Default: squash, bicubic. */
  readonly geometry?: Geometry;
  /** The number type of the model's input. `apply` always returns float32. */
  readonly dtype: "float32" | "float16";
  /**
   * Receives float32 values 0 to 255 in the shape `[height, width, 3]`. Returns float32 in the model's shape without the batch dimension:
   * `[3, height, width]` or `[height, width, 3]`. jax-js frees an array when an operation uses it, so write `image.ref` for each use of
   * `image` except the last.
   */
  readonly apply: ImageFunction;
}

/**
 * Returns its argument. Its only purpose is that an editor can check the types of the definition.
 *
 * ```js
 * export const preprocessor = definePreprocessor({
 *   name: "half", version: "1", imageSize: [224, 224], dtype: "float32",
 *   apply: (image, { numpy }) => numpy.transpose(image.div(127.5).sub(1), [2, 0, 1]),
 * });
 * ```
 */
export function definePreprocessor(definition: PreprocessorDefinition): PreprocessorDefinition {
  return definition;
}
