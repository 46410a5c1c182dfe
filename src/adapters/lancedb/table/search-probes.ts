/**
 * How many partitions of the vector index a search must read (its probes). The number is measured when the index is built, and stored in the
 * table's folder.
 */
import { join } from "node:path";
import { readJsonFile, writeJsonFile } from "./folder-files.js";

const probesFile = "headrace-search.json";

/** How much of the index a search reads. */
export interface Probes {
  /** Number of partitions for the nearest `measuredHits` rows. */
  readonly probes: number;
  /** For n times as many rows, n to the power of this number times as many partitions. Absent in files of earlier builds. */
  readonly growth?: number;
}

/** For a table that was never measured, for example because another program built its index. */
const unmeasured: Probes = { probes: 64 };
const unmeasuredGrowth = 1 / 2;

export const measuredHits = 10;

/**
 * A search computes exact distances for this many candidates per hit. With two, recall@10 was 0.98, both for clustered and for random
 * vectors. With four, it was 1.
 */
export const refineFactor = 4;

export async function readProbes(folder: string): Promise<Probes> {
  return (await readJsonFile<Probes>(join(folder, probesFile))) ?? unmeasured;
}

export async function writeProbes(folder: string, probes: Probes): Promise<void> {
  await writeJsonFile(join(folder, probesFile), probes);
}

/** Returns the number of partitions that a search for the nearest `rows` rows must read. */
export function probesFor({ probes, growth = unmeasuredGrowth }: Probes, rows: number): number {
  return Math.ceil(probes * Math.max(1, rows / measuredHits) ** growth);
}
