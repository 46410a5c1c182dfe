/** How a program brings a preprocessor of its own, written in JAX. */
import type { Geometry } from "../../contracts/index.js";
import type { Jax, JaxArray } from "./runtime.js";

/** Turns one image into the model's tensor: a pure function; `vmap` and `jit` make the batch of it. */
export type ImageFunction = (image: JaxArray, jax: Jax) => JaxArray;

export interface PreprocessorDefinition {
  /** For people; part of the label of every vector made with it. */
  readonly name: string;
  /** Raise it when `apply` changes what it gives. */
  readonly version: string;
  /** Height and width in pixels of the image that `apply` gets. */
  readonly imageSize: readonly [height: number, width: number];
  /** How an image of any size becomes that. Default: squashed, bicubic. */
  readonly geometry?: Geometry;
  /** The type that the model takes. `apply` itself gives float32. */
  readonly dtype: "float32" | "float16";
  /**
   * Gets float32 values 0 to 255 of shape `[height, width, 3]`, and gives float32 of the model's shape without the batch:
   * `[3, height, width]` or `[height, width, 3]`. Owns its argument, as every function of jax-js: use `image.ref` for each
   * use but the last.
   */
  readonly apply: ImageFunction;
}

/**
 * Checks nothing by itself; gives the editor the types.
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
