/** Seeded random numbers, so that damage is the same on every machine. */

/** Xorshift32 of a seed above 0: 32-bit whole numbers. */
export function randomWords(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
}

export function randomBytes(seed: number, length: number): Uint8Array {
  const next = randomWords(seed);
  return Uint8Array.from({ length }, () => next() >>> 24);
}
