/** Finds stored vectors that cannot be the embedding of an image. */

/** Returns what is wrong with a vector; null if nothing is. `dimension`: the number of values that it must have. */
export function vectorProblem(vector: Float32Array | null, dimension: number): string | null {
  if (vector === null || vector.length !== dimension) return `the vector has ${vector?.length ?? 0} numbers instead of ${dimension}`;
  if (vector.some((value) => !Number.isFinite(value))) return "the vector contains NaN or infinity";
  if (vector.every((value) => value === 0)) return "the vector contains only zeros";
  return null;
}
