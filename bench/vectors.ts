/** Vectors as embeddings are, without a model. */

export interface VectorSourceOptions {
  readonly dimension: number;
  readonly seed: number;
}

/**
 * Makes one vector after the other, the same ones for the same seed. "embeddings": 500 clusters in a space of 64 directions, with
 * noise in all; "uniform": no structure, the worst case for an index.
 */
export function vectorSource(data: "embeddings" | "uniform", { dimension, seed }: VectorSourceOptions): () => Float32Array {
  const random = gaussian(seed);
  const noise = (length: number, scale: number) => Float32Array.from({ length }, () => random() * scale);
  if (data === "uniform") return () => noise(dimension, 1);
  const directions = Array.from({ length: 64 }, () => noise(dimension, 1));
  const centres = Array.from({ length: 500 }, () => noise(directions.length, 1));
  return () => {
    const centre = centres[Math.floor(Math.abs(random()) * 1e6) % centres.length]!;
    const vector = noise(dimension, 1);
    for (const [at, direction] of directions.entries()) {
      const share = centre[at]! + random() * 0.5;
      for (let number = 0; number < dimension; number += 1) vector[number]! += share * direction[number]!;
    }
    return vector;
  };
}

/** Normally distributed numbers, the same ones for the same seed. */
function gaussian(seed: number): () => number {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** Clustered vectors for tables of millions, at a few microseconds each: 500 centres, four of 64 directions, and noise out of a table. */
export function quickVectorSource({ dimension, seed }: VectorSourceOptions): () => Float32Array {
  const random = gaussian(seed);
  const noise = (length: number) => Float32Array.from({ length }, () => random());
  const centres = Array.from({ length: 500 }, () => noise(dimension));
  const directions = Array.from({ length: 64 }, () => noise(dimension));
  const table = noise(1 << 20);
  const pick = (below: number): number => Math.floor(Math.abs(random()) * 1e6) % below;
  return () => {
    const [centre, start] = [centres[pick(centres.length)]!, pick(table.length - dimension)];
    const vector = new Float32Array(dimension);
    for (let at = 0; at < dimension; at += 1) vector[at] = centre[at]! + 0.3 * table[start + at]!;
    for (let turn = 0; turn < 4; turn += 1) {
      const [direction, weight] = [directions[pick(directions.length)]!, 0.15 * random()];
      for (let at = 0; at < dimension; at += 1) vector[at]! += weight * direction[at]!;
    }
    return vector;
  };
}
