/** Compares all rows of a collection with each other, and finds all pairs whose score is high enough. Reads the rows once per block. */
import type { Collection, Key, Metric, StoredRow } from "../contracts/index.js";
import { hashOfText, mebibyte } from "../kit/index.js";
import { Sketcher, sketchWidth } from "./distance-sketches.js";

export interface PairsOptions {
  /** The least score of a pair. */
  readonly threshold: number;
  /** About how many rows the collection has. */
  readonly rows: number;
  /** Returns false for a row that is not compared. */
  readonly takes: (row: StoredRow) => boolean;
  /** Called once for each pair. A pair whose score is lower by rounding may be among them. */
  readonly onPair: (a: Key, b: Key) => void;
  /** Called after each batch with the share of the work that is done. */
  readonly onProgress?: (share: number) => void;
  readonly signal: AbortSignal;
  /** Vectors that are in memory at a time. Two blocks are: one is compared while the next is read. Default: 32 MiB. */
  readonly blockBytes?: number;
}

const batchRows = 512;
const maxSample = 1_024;

export async function comparePairs(collection: Pick<Collection, "scan" | "metric" | "dimension">, options: PairsOptions): Promise<void> {
  const { rows, takes, onPair, onProgress, signal, blockBytes = 32 * mebibyte } = options;
  const { metric, dimension } = collection;
  const blocks = Math.max(1, Math.ceil((rows * dimension * 4) / blockBytes));
  const scoring = { metric, threshold: options.threshold };
  const scratch = new Float32Array(dimension);
  let sketcher: Sketcher | null = null;
  let block: Block | null = null;
  for (let pass = 0; pass <= blocks; pass += 1) {
    const next: Point[] = [];
    let scanned = 0;
    for await (const batch of collection.scan({ vectors: "include", batchRows, signal })) {
      for (const row of batch) {
        const order = orderOf(row.id);
        const isAhead = block !== null && order > block.least;
        const isNext = Math.floor(order * blocks) === pass;
        if (row.vector === null || !(isAhead || isNext) || !takes(row)) continue;
        const square = squareOf(row.vector, metric);
        if (square === null) continue;
        const vector = writeVector(row.vector, square, metric, isNext ? new Float32Array(dimension) : scratch);
        const point = { id: row.id, order, vector, reach: reachOf(square, scoring) };
        if (isAhead) block?.compare(point, onPair);
        if (isNext) next.push(point);
      }
      scanned += batch.length;
      onProgress?.(Math.min(1, (pass + scanned / Math.max(rows, scanned)) / (blocks + 1)));
    }
    sketcher ??= new Sketcher(
      next.slice(0, maxSample).map(({ vector }) => vector),
      dimension,
    );
    block = new Block(next, sketcher);
  }
}

/** A row as a point: the score of two rows is at least the threshold if the square of their distance is at most the sum of their reaches. */
interface Point {
  readonly id: Key;
  readonly order: number;
  readonly vector: Float32Array;
  readonly reach: number;
}

interface Scoring {
  readonly metric: Metric;
  readonly threshold: number;
}

/** Rounding must not hide a pair. */
const slack = 1e-5;

/** The squared length of a vector, or null if it has no score. */
function squareOf(vector: Float32Array, metric: Metric): number | null {
  let square = 0;
  for (let at = 0; at < vector.length; at += 1) square += vector[at]! * vector[at]!;
  return !Number.isFinite(square) || (square === 0 && metric === "cosine") ? null : square;
}

/** See `Point`. */
function reachOf(square: number, { metric, threshold }: Scoring): number {
  switch (metric) {
    case "cosine":
      return 1 - threshold + slack;
    case "ip":
      return square * (1 + slack) - threshold;
    case "l2":
      return square * slack - threshold / 2;
  }
}

/** Writes the vector to `target`, for cosine with length 1. */
function writeVector(stored: Float32Array, square: number, metric: Metric, target: Float32Array): Float32Array {
  if (metric !== "cosine") target.set(stored);
  else {
    const length = Math.sqrt(square);
    for (let at = 0; at < stored.length; at += 1) target[at] = stored[at]! / length;
  }
  return target;
}

/** From 0 to 1. It does not depend on the order in which the store returns rows, so each row is in one block, and of a pair one row is first. */
function orderOf(id: Key): number {
  const [high, low] = hashOfText(String(id));
  return (high * 2 ** 21 + (low >>> 11)) / 2 ** 53;
}

class Block {
  readonly #points: readonly Point[];
  readonly #sketches: Float32Array;
  readonly #reaches: Float64Array;
  readonly #sketcher: Sketcher;
  readonly #own = new Float32Array(sketchWidth);

  constructor(points: readonly Point[], sketcher: Sketcher) {
    this.#points = [...points].sort((a, b) => a.order - b.order);
    this.#sketcher = sketcher;
    this.#sketches = new Float32Array(points.length * sketchWidth);
    this.#reaches = Float64Array.from(this.#points, ({ reach }) => reach);
    for (const [index, { vector }] of this.#points.entries()) sketcher.write(vector, this.#sketches, index * sketchWidth);
  }

  /** The order of the first point. */
  get least(): number {
    return this.#points[0]?.order ?? 1;
  }

  /** Compares a point with all points of the block that are before it. */
  compare({ id, order, vector, reach }: Point, onPair: (a: Key, b: Key) => void): void {
    this.#sketcher.write(vector, this.#own, 0);
    const end = this.#countBefore(order);
    for (let at = this.#near(0, end, reach); at < end; at = this.#near(at + 1, end, reach)) {
      const other = this.#points[at]!;
      if (isWithin(other.vector, vector, reach + other.reach)) onPair(other.id, id);
    }
  }

  /** Returns the next point from `from` on whose sketch is near enough, or `end`. */
  #near(from: number, end: number, reach: number): number {
    const [own, sketches, reaches] = [this.#own, this.#sketches, this.#reaches];
    const [a, b, c, d] = [own[0]!, own[1]!, own[2]!, own[3]!];
    const [e, f, g, h, rest] = [own[4]!, own[5]!, own[6]!, own[7]!, own[8]!];
    for (let at = from, start = from * sketchWidth; at < end; at += 1, start += sketchWidth) {
      const da = sketches[start]! - a;
      const db = sketches[start + 1]! - b;
      const dc = sketches[start + 2]! - c;
      const dd = sketches[start + 3]! - d;
      const de = sketches[start + 4]! - e;
      const df = sketches[start + 5]! - f;
      const dg = sketches[start + 6]! - g;
      const dh = sketches[start + 7]! - h;
      const dr = sketches[start + 8]! - rest;
      const sum = da * da + db * db + dc * dc + dd * dd + de * de + df * df + dg * dg + dh * dh;
      const limit = reach + reaches[at]!;
      if (sum + dr * dr <= limit && this.#isNearOnLevel2(start, limit - sum)) return at;
    }
    return end;
  }

  #isNearOnLevel2(start: number, left: number): boolean {
    let sum = 0;
    for (let at = 9; at < sketchWidth; at += 1) {
      const difference = this.#sketches[start + at]! - this.#own[at]!;
      sum += difference * difference;
    }
    return sum <= left;
  }

  #countBefore(order: number): number {
    let [low, high] = [0, this.#points.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#points[middle]!.order < order) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Stops as soon as the distance is too large. */
function isWithin(a: Float32Array, b: Float32Array, limit: number): boolean {
  let sum = 0;
  for (let start = 0; start < a.length; start += stepNumbers) {
    const end = Math.min(a.length, start + stepNumbers);
    for (let at = start; at < end; at += 1) {
      const difference = a[at]! - b[at]!;
      sum += difference * difference;
    }
    if (sum > limit) return false;
  }
  return true;
}

const stepNumbers = 16;
