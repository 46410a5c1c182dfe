/** Checks embeddings for invalid numbers, and scales embeddings to length 1. */
import { HeadraceError } from "../contracts/index.js";

/** Throws `vector_invalid` if the vector contains NaN or infinity, or only zeros. `item` is the source of the image, for the error. */
export function checkVector(vector: Float32Array, item?: string): void {
  lengthOf(vector, item);
}

/** Scales the vector to length 1 in place, and returns the vector. Throws `vector_invalid` in the same cases as `checkVector`. */
export function normalizeVector(vector: Float32Array, item?: string): Float32Array {
  const length = lengthOf(vector, item);
  for (let i = 0; i < vector.length; i += 1) vector[i] = vector[i]! / length;
  return vector;
}

function lengthOf(vector: Float32Array, item: string | undefined): number {
  let sum = 0;
  // An iterator takes several times as long.
  for (let at = 0; at < vector.length; at += 1) sum += vector[at]! * vector[at]!;
  if (Number.isFinite(sum) && sum > 0) return Math.sqrt(sum);
  const position = vector.findIndex((value) => !Number.isFinite(value));
  const found = position < 0 ? "only zeros" : `${vector[position]} at position ${position}`;
  throw new HeadraceError(
    "vector_invalid",
    `embedding of ${vector.length} numbers: expected finite numbers, not all zero, found ${found}`,
    item === undefined ? {} : { item },
  );
}
