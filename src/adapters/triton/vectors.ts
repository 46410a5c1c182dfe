/** Compares two vectors of the same image, to tell whether the same model made them. */

export interface Comparison {
  readonly same: boolean;
  /** 0 if the vectors cannot be compared. */
  readonly cosine: number;
  /** Length of each vector. */
  readonly lengths: readonly [number, number];
}

/** Other devices and batch sizes change the rounding, but far less than another model does. */
const minCosine = 0.999;
const minLengthRatio = 0.98;

/** A vector of zeros, or with a number that is not finite, equals no vector, not even itself. */
export function compareVectors(a: Float32Array, b: Float32Array): Comparison {
  const lengths = [lengthOf(a), lengthOf(b)] as const;
  const longer = Math.max(...lengths);
  const shorter = Math.min(...lengths);
  if (a.length !== b.length || !(shorter > 0) || !Number.isFinite(longer)) return { same: false, cosine: 0, lengths };
  const cosine = a.reduce((sum, value, at) => sum + value * (b[at] as number), 0) / (longer * shorter);
  return { same: cosine >= minCosine && shorter / longer >= minLengthRatio, cosine, lengths };
}

export function isComparable(vector: Float32Array): boolean {
  const length = lengthOf(vector);
  return length > 0 && Number.isFinite(length);
}

function lengthOf(vector: Float32Array): number {
  return Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
}
