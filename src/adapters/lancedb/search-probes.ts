/**
 * Measures how many partitions of the vector index a search must read (its probes), and stores the number in the table's folder. The number
 * depends on the vectors: clustered embeddings need few partitions, random vectors need all of them.
 */
import { join } from "node:path";
import type { Table } from "@lancedb/lancedb";
import { readJsonFile, writeJsonFile } from "./folder-files.js";
import { vectorAt } from "./rows.js";
import type { TableFacts } from "./table-schema.js";
import { type Nearest, vectorQuery } from "./vector-query.js";

const probesFile = "headrace-search.json";

/** How much of the index a search reads. */
export interface Probes {
  /** Number of partitions for the nearest `sample.nearest` rows. */
  readonly probes: number;
  /** For n times as many rows, n to the power of this number times as many partitions. Absent in files of earlier builds. */
  readonly growth?: number;
}

/** For a table that was never measured, for example because another program built its index. */
const unmeasured: Probes = { probes: 64 };
const unmeasuredGrowth = 1 / 2;

/** Limits of the measured growth. The rows that match a filter can be in other partitions than the nearest rows are. */
const growthLimits = { least: 1 / 4, most: 1 } as const;

/** A table whose index has no more partitions than this is not measured: every search reads every partition. */
const fewPartitions = 8;

/**
 * A search computes exact distances for this many candidates per hit. With two, recall@10 was 0.98, both for clustered and for random
 * vectors. With four, it was 1.
 */
export const refineFactor = 4;

/**
 * The smallest number of probes is chosen that finds `share` of the nearest rows which a search of all partitions finds. The sample has
 * so many rows of the table as queries, each for so many nearest rows.
 */
const sample = { queries: 64, nearest: 10, share: 0.998 } as const;

/**
 * The growth is measured with fewer queries, each for more rows. The last hundredth of these rows is spread over many partitions: with
 * 0.998, a search with a filter read 2 to 4 times as many partitions of a million rows, and found the same rows.
 */
const growthSample = { queries: 16, nearest: 250, share: 0.99 } as const;

/** Number of sample queries that run at the same time. */
const queriesAtOnce = 4;

/** Two computations of the same distance can differ by this much. */
const distanceNoise = 1e-6;

export async function readProbes(folder: string): Promise<Probes> {
  return (await readJsonFile<Probes>(join(folder, probesFile))) ?? unmeasured;
}

/** Returns the number of partitions that a search for the nearest `rows` rows must read. */
export function probesFor({ probes, growth = unmeasuredGrowth }: Probes, rows: number): number {
  return Math.ceil(probes * Math.max(1, rows / sample.nearest) ** growth);
}

export interface MeasureOptions {
  readonly folder: string;
  readonly rows: number;
  /** Number of partitions of the new index. */
  readonly partitions: number;
  /** Called before each step. Throws if no further step may begin. */
  mayGoOn(): Promise<void>;
}

/** Must be called after the vector index was built. Takes about a tenth of the time that building took. */
export async function measureProbes(table: Table, facts: TableFacts, options: MeasureOptions): Promise<void> {
  const probes = await measured(table, facts, options);
  await options.mayGoOn();
  await writeJsonFile(join(options.folder, probesFile), probes);
}

async function measured(table: Table, facts: TableFacts, options: MeasureOptions): Promise<Probes> {
  const { rows, partitions, mayGoOn } = options;
  if (partitions <= fewPartitions) return { probes: partitions, growth: growthLimits.least };
  await mayGoOn();
  const vectors = await sampleVectors(table, rows);
  const probes = await neededProbes(table, facts, options, { ...sample, vectors });
  const some = vectors.filter((_, at) => at % (sample.queries / growthSample.queries) === 0);
  const more = await neededProbes(table, facts, options, { ...growthSample, vectors: some });
  const growth = Math.log(more / probes) / Math.log(growthSample.nearest / sample.nearest);
  return { probes, growth: Math.min(growthLimits.most, Math.max(growthLimits.least, growth)) };
}

interface Queries {
  readonly vectors: readonly Float32Array[];
  readonly nearest: number;
  readonly share: number;
}

async function neededProbes(table: Table, facts: TableFacts, { partitions, mayGoOn }: MeasureOptions, queries: Queries): Promise<number> {
  const wanted = await searchAll(table, facts, queries, partitions);
  const tried = candidates(partitions);
  let [least, most] = [0, tried.length];
  while (least < most) {
    await mayGoOn();
    const middle = Math.floor((least + most) / 2);
    if (shareFound(wanted, await searchAll(table, facts, queries, tried[middle]!)) >= queries.share) most = middle;
    else least = middle + 1;
  }
  return tried[least] ?? partitions;
}

/** 8, 12, 16, 24, 32, 48 and so on. */
function candidates(partitions: number): readonly number[] {
  const found: number[] = [];
  for (let probes = fewPartitions; probes < partitions; probes *= 2) found.push(probes, (probes * 3) / 2);
  return found.filter((probes) => probes < partitions);
}

async function sampleVectors(table: Table, rows: number): Promise<readonly Float32Array[]> {
  const offsets = Array.from({ length: sample.queries }, (_, at) => Math.floor((at * rows) / sample.queries));
  const vectors: Float32Array[] = [];
  for await (const batch of table.takeOffsets(offsets).select(["vector"])) {
    const column = batch.getChild("vector")!;
    for (let row = 0; row < batch.numRows; row += 1) vectors.push(vectorAt(column, row));
  }
  return vectors;
}

/** Returns the distances of the nearest rows of each query, without the row that the query itself was taken from. */
async function searchAll(table: Table, facts: TableFacts, { vectors, nearest }: Queries, probes: number) {
  const answers: (readonly number[])[] = [];
  for (let start = 0; start < vectors.length; start += queriesAtOnce) {
    const some = vectors.slice(start, start + queriesAtOnce);
    answers.push(
      ...(await Promise.all(
        some.map((query) => nearestDistances(table, facts, { query, limit: nearest + 1, way: { probes, refine: refineFactor } })),
      )),
    );
  }
  return answers;
}

async function nearestDistances(table: Table, facts: TableFacts, wanted: Nearest): Promise<readonly number[]> {
  const distances: number[] = [];
  const search = vectorQuery(table, facts, wanted);
  for await (const batch of search.select(["_distance"])) distances.push(...(batch.getChild("_distance")!.toArray() as Float32Array));
  return distances.sort((a, b) => a - b).slice(1);
}

/** Compares distances, not keys, because many rows of the same image have the same distance. */
function shareFound(wanted: readonly (readonly number[])[], found: readonly (readonly number[])[]): number {
  let [hits, count] = [0, 0];
  for (const [at, distances] of wanted.entries()) {
    const farthest = distances.at(-1) ?? 0;
    hits += found[at]!.filter((distance) => distance <= farthest + distanceNoise).length;
    count += distances.length;
  }
  return count === 0 ? 1 : hits / count;
}
