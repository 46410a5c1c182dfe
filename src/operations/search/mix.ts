/** Mixes vectors: a weighted sum of their directions. */
import { HeadraceError } from "../../contracts/index.js";

export interface WeightedVector {
  readonly vector: Float32Array;
  readonly weight: number;
}

/** The sum has no reliable direction if it is shorter than this share of the added weights. */
const minLengthShare = 1e-3;

/**
 * Returns a vector of length 1. Each vector counts with its direction only, so an image does not count more than a text because its vector
 * is longer. Throws `query_invalid` if a weight is not a number other than 0, or if the terms cancel each other.
 */
export function mixVectors(terms: readonly WeightedVector[]): Float32Array {
  const wrong = terms.find(({ weight }) => !Number.isFinite(weight) || weight === 0);
  if (wrong !== undefined) throw invalid(`expected weights that are numbers other than 0, found ${wrong.weight}`);
  const total = terms.reduce((sum, { weight }) => sum + Math.abs(weight), 0);
  const sum = new Float64Array(terms[0]?.vector.length ?? 0);
  for (const { vector, weight } of terms) {
    const share = weight / total / Math.hypot(...vector);
    for (let i = 0; i < sum.length; i += 1) sum[i]! += share * vector[i]!;
  }
  const length = Math.hypot(...sum);
  if (!(length >= minLengthShare)) throw invalid("expected terms with a direction in common, found terms that cancel each other");
  return Float32Array.from(sum, (value) => value / length);
}

function invalid(problem: string): HeadraceError {
  return new HeadraceError("query_invalid", `mixed query: ${problem}`, { hint: "Change the weights, or leave a term out." });
}
