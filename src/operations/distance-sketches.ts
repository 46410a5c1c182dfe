/**
 * Sketches of vectors: a few numbers each, whose distance is never larger than that of the vectors. So most pairs of vectors that are far apart
 * can be told without looking at the vectors.
 */

/** Numbers of a sketch. A sketch of level 1 has the first 9: 8 coordinates, and the length of what they leave out. Level 2 has 17. */
export const sketchWidth = 18;
const firstCoordinates = 8;
const coordinates = 16;
const rounds = 4;

export class Sketcher {
  readonly #basis: readonly Float64Array[];

  /** `sample`: vectors like those that are sketched. Their main directions become the coordinates. */
  constructor(sample: readonly Float32Array[], dimension: number) {
    this.#basis = mainDirections(sample, dimension, Math.min(coordinates, dimension));
  }

  /** Writes the sketch of a vector to `target`, from `at` on. */
  write(vector: Float32Array, target: Float32Array, at: number): void {
    let left = product(vector, vector);
    for (const [index, direction] of this.#basis.entries()) {
      const coordinate = product(direction, vector);
      left -= coordinate * coordinate;
      target[at + (index < firstCoordinates ? index : index + 1)] = coordinate;
      if (index === firstCoordinates - 1) target[at + firstCoordinates] = Math.sqrt(Math.max(0, left));
    }
    if (this.#basis.length < firstCoordinates) target[at + firstCoordinates] = Math.sqrt(Math.max(0, left));
    target[at + coordinates + 1] = Math.sqrt(Math.max(0, left));
  }
}

/** Finds orthogonal directions of length 1 that the sample varies along most. Any others would do, but tell fewer pairs apart. */
function mainDirections(sample: readonly Float32Array[], dimension: number, count: number): readonly Float64Array[] {
  let directions = orthonormal(Array.from({ length: count }, (_, at) => startOf(at, dimension)));
  for (let round = 0; round < rounds; round += 1) {
    const next = directions.map(() => new Float64Array(dimension));
    for (const vector of sample) {
      for (const [at, direction] of directions.entries()) addScaled(next[at]!, vector, product(direction, vector));
    }
    directions = orthonormal(next);
  }
  return directions;
}

/** Numbers that look random, so that no start is orthogonal to what is looked for. */
function startOf(seed: number, dimension: number): Float64Array {
  return Float64Array.from({ length: dimension }, (_, at) => Math.sin((at + 1) * (seed + 1) * 12.9898) * 43_758.5453).map(
    (value) => value - Math.floor(value) - 0.5,
  );
}

/** Gram-Schmidt, twice, because once is not exact enough. A direction that the others contain becomes zero, which is as good as none. */
function orthonormal(directions: readonly Float64Array[]): readonly Float64Array[] {
  const done: Float64Array[] = [];
  for (const direction of directions) {
    const before = Math.sqrt(product(direction, direction));
    for (const other of [...done, ...done]) addScaled(direction, other, -product(other, direction));
    const length = Math.sqrt(product(direction, direction));
    const isNew = length > before * leastNewShare;
    done.push(direction.map((value) => (isNew ? value / length : 0)));
  }
  return done;
}

const leastNewShare = 1e-6;

function addScaled(target: Float64Array, vector: Float32Array | Float64Array, factor: number): void {
  for (let at = 0; at < target.length; at += 1) target[at]! += factor * vector[at]!;
}

function product(a: Float32Array | Float64Array, b: Float32Array | Float64Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at += 1) sum += a[at]! * b[at]!;
  return sum;
}
