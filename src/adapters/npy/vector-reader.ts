/** Reads one vector from the bytes of a `.npy` file, as `numpy.save` writes it. */
import { npyMatrix } from "./arrays.js";
import { npyArray } from "./format.js";

/** Returns null unless the file has a single vector of float16, float32 or float64. Its shape is `(n,)` or `(1, n)`. */
export function parseNpyVector(bytes: Uint8Array): Float32Array | null {
  const matrix = npyArray(bytes)?.type.startsWith("<f") === true ? npyMatrix(bytes) : null;
  return matrix === null || Math.min(matrix.rows, matrix.columns) !== 1 ? null : Float32Array.from(matrix.values);
}
