/** What Pillow makes of each mutant, as `pillow.py` and `record.ts` have written it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { inflateSync } from "node:zlib";

/** "s": Pillow reads it as usual. "l": only leniently. "f": leniently, as a picture of one colour. "-": not at all. */
export type Verdict = "s" | "l" | "f" | "-";

export interface PillowReading {
  readonly verdict: Verdict;
  /** The embedding of Pillow's pixels by the shipped model; null where there are no pixels, and in a picture of one colour. */
  readonly vector: Int8Array | null;
}

/** The file with the verdicts, one letter per mutant, and for each reading the number of its vector. */
export interface ReadingsFile {
  readonly dimension: number;
  readonly verdicts: string;
  readonly vectors: readonly number[];
}

export const readingsPath = join("test", "fuzz", "pillow.json");
export const vectorsPath = join("test", "fuzz", "pillow.zlib");

/** Returns the readings in the order of the mutants. */
export function pillowReadings(): readonly PillowReading[] {
  const { dimension, verdicts, vectors } = JSON.parse(readFileSync(readingsPath, "utf8")) as ReadingsFile;
  const bytes = inflateSync(readFileSync(vectorsPath));
  let next = 0;
  return Array.from(verdicts as Iterable<Verdict>, (verdict) => {
    if (verdict === "-" || verdict === "f") return { verdict, vector: null };
    const at = vectors[next++]! * dimension;
    return { verdict, vector: new Int8Array(bytes.buffer, bytes.byteOffset + at, dimension) };
  });
}

export function cosineOf(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [product, left, right] = [0, 0, 0];
  for (let index = 0; index < a.length; index++) {
    product += a[index]! * b[index]!;
    left += a[index]! ** 2;
    right += b[index]! ** 2;
  }
  return product / Math.sqrt(left * right);
}
