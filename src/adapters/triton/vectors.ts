/** Compares two vectors of the same image, to find out whether the same model computed both. */

export interface Comparison {
  readonly same: boolean;
  /** Cosine similarity. 0 if the vectors cannot be compared. */
  readonly cosine: number;
  /** Euclidean length of each vector. */
  readonly lengths: readonly [number, number];
}

/**
 * The same model rounds differently on another device or with another batch size. Such differences are far smaller than those between two
 * models.
 */
const minCosine = 0.999;
const minLengthRatio = 0.98;

/** A vector that has only zeros, or contains NaN or infinity, is the same as no other vector, not even as itself. */
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
