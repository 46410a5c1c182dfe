/** Whether two vectors are of one picture and one model. */

export interface Comparison {
  readonly same: boolean;
  /** 0 where they cannot be compared. */
  readonly cosine: number;
  /** Length of each vector. */
  readonly lengths: readonly [number, number];
}

/** Other devices and batch sizes round otherwise: never as much as another model differs. */
const minCosine = 0.999;
const minLengthRatio = 0.98;

/** Vectors of zeros, or with numbers that are not finite, are like no other, not even like themselves. */
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

/** NaN when a number is. */
function lengthOf(vector: Float32Array): number {
  return Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
}
