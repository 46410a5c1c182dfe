/** The definition of a user's preprocessor, written in JAX. */
import type { Geometry } from "../../contracts/index.js";
import type { Jax, JaxArray } from "./runtime.js";

/** Turns one image into the model's tensor. Must be pure: `vmap` and `jit` turn it into a function for batches. */
export type ImageFunction = (image: JaxArray, jax: Jax) => JaxArray;

export interface PreprocessorDefinition {
  /** Part of the label of every vector made with this preprocessor. */
  readonly name: string;
  /** Change the version when the results of `apply` change. */
  readonly version: string;
  /** Size in pixels of the image that `apply` receives. */
  readonly imageSize: readonly [height: number, width: number];
  /** How an image of any size is resized to `imageSize`. Default: squash, bicubic. */
  readonly geometry?: Geometry;
  /** The number type of the model's input. `apply` always returns float32. */
  readonly dtype: "float32" | "float16";
  /**
   * Receives float32 values 0 to 255 in the shape `[height, width, 3]`. Returns float32 in the model's shape without the batch dimension:
   * `[3, height, width]` or `[height, width, 3]`. As in all of jax-js, the function consumes its argument: write `image.ref` for each use
   * except the last.
   */
  readonly apply: ImageFunction;
}

/**
 * Gives the editor the types. It checks nothing at runtime.
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
