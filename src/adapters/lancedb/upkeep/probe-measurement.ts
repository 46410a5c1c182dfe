/**
 * Measures how many partitions of a new vector index a search must read. The number depends on the vectors: clustered embeddings need few
 * partitions, random vectors need all of them.
 */
import { dirname } from "node:path";
import type { Table } from "@lancedb/lancedb";
import { connect, newSession } from "../table/cached-connection.js";
import { vectorAt } from "../table/rows.js";
import { measuredHits, type Probes, refineFactor, writeProbes } from "../table/search-probes.js";
import type { TableFacts } from "../table/table-schema.js";
import type { Vendor } from "../table/vendor.js";
import { vectorQuery } from "./vector-query.js";

/** Limits of the measured growth. The rows that match a filter can be in other partitions than the nearest rows are. */
const growthLimits = { least: 1 / 4, most: 1 } as const;

/** A table whose index has no more partitions than this is not measured: every search reads every partition. */
const fewPartitions = 8;

/**
 * A number of probes is enough if it finds `share` of the rows that `comparedTimes` as many probes find. The sample has so many rows of the
 * table as queries, each for so many nearest rows. The share must allow for one row in the sample that is similar to no other: its nearest rows
 * are everywhere. With a share of 0.998, one such row made each search read 192 of 244 partitions, and 8 found the same rows.
 */
const sample = { queries: 256, nearest: measuredHits, share: 0.995 } as const;

/**
 * The growth is measured with fewer queries, each for more rows. The last hundredth of these rows is spread over many partitions: with
 * 0.998, a search with a filter read 2 to 4 times as many partitions of a million rows, and found the same rows.
 */
const growthSample = { queries: 16, nearest: 250, share: 0.99 } as const;

/** A comparison with all partitions would read the whole index for each query. */
const comparedTimes = 2;

/**
 * The measurement has a cache of its own, and sends one query at a time. In the cache of the store, it left the whole index in memory, 330 MB
 * for a million rows of 512 numbers, at the moment when a run needs the most memory. With this cache, it adds 90 MB.
 */
const cacheBytes = 96 * 1024 * 1024;

/** Two computations of the same distance can differ by this much. */
const distanceNoise = 1e-6;

export interface MeasuredTable {
  readonly vendor: Vendor;
  readonly name: string;
  /** The folder of the table. */
  readonly folder: string;
  readonly facts: TableFacts;
  readonly rows: number;
  /** Number of partitions of the new index. */
  readonly partitions: number;
  /** Called before each step. Throws if no further step may begin. */
  mayGoOn(): Promise<void>;
}

/** Must be called after the vector index was built. Takes about a tenth of the time that building took. */
export async function measureProbes(measured: MeasuredTable): Promise<void> {
  const { folder, partitions, mayGoOn } = measured;
  const probes =
    partitions <= fewPartitions ? { probes: partitions, growth: growthLimits.least } : await withOwnCache(measured, probesOfSample);
  await mayGoOn();
  await writeProbes(folder, probes);
}

type Measurement = (table: Table, measured: MeasuredTable) => Promise<Probes>;

async function withOwnCache(measured: MeasuredTable, measure: Measurement): Promise<Probes> {
  const { vendor, name, folder } = measured;
  const connection = await connect(vendor, dirname(folder), { session: newSession(vendor, cacheBytes) });
  try {
    const table = await connection.openTable(name);
    try {
      return await measure(table, measured);
    } finally {
      table.close();
    }
  } finally {
    connection.close();
  }
}

async function probesOfSample(table: Table, measured: MeasuredTable): Promise<Probes> {
  await measured.mayGoOn();
  const vectors = await sampleVectors(table, measured.rows);
  const probes = await neededProbes(table, measured, { ...sample, vectors, least: fewPartitions });
  const some = vectors.filter((_, at) => at % (sample.queries / growthSample.queries) === 0);
  const more = await neededProbes(table, measured, { ...growthSample, vectors: some, least: probes });
  const growth = Math.log(more / probes) / Math.log(growthSample.nearest / sample.nearest);
  return { probes, growth: Math.min(growthLimits.most, Math.max(growthLimits.least, growth)) };
}

async function sampleVectors(table: Table, rows: number): Promise<readonly Float32Array[]> {
  const offsets = Array.from({ length: sample.queries }, (_, at) => Math.floor(((at + 1 / 2) * rows) / sample.queries));
  const vectors: Float32Array[] = [];
  for await (const batch of table.takeOffsets(offsets).select(["vector"])) {
    const column = batch.getChild("vector")!;
    for (let row = 0; row < batch.numRows; row += 1) vectors.push(vectorAt(column, row));
  }
  return vectors;
}

interface Queries {
  readonly vectors: readonly Float32Array[];
  readonly nearest: number;
  readonly share: number;
  /** The smallest number of probes to try. */
  readonly least: number;
}

async function neededProbes(table: Table, { facts, partitions, mayGoOn }: MeasuredTable, queries: Queries): Promise<number> {
  for (const probes of candidates(queries.least, partitions)) {
    await mayGoOn();
    if (await areEnough(table, facts, queries, { probes, compared: Math.min(partitions, probes * comparedTimes) })) return probes;
  }
  return partitions;
}

/** 8, 12, 18, 27 and so on. */
function candidates(least: number, partitions: number): readonly number[] {
  const found: number[] = [];
  for (let probes = least; probes < partitions; probes = Math.ceil(probes * 1.5)) found.push(probes);
  return found;
}

interface Compared {
  readonly probes: number;
  /** The larger number of probes. */
  readonly compared: number;
}

/** Returns false as soon as too many rows are missing. */
async function areEnough(table: Table, facts: TableFacts, { vectors, nearest, share }: Queries, tried: Compared): Promise<boolean> {
  const mayMiss = vectors.length * nearest * (1 - share);
  let missing = 0;
  for (const query of vectors) {
    missing += await rowsMissed(table, facts, { query, nearest, ...tried });
    if (missing > mayMiss) return false;
  }
  return true;
}

interface OneQuery extends Compared {
  readonly query: Float32Array;
  readonly nearest: number;
}

/** Compares distances, not keys, because many rows of the same image have the same distance. */
async function rowsMissed(table: Table, facts: TableFacts, { query, nearest, probes, compared }: OneQuery): Promise<number> {
  const wanted = await nearestDistances(table, facts, { query, nearest, probes: compared });
  // These partitions are in the cache now.
  const found = await nearestDistances(table, facts, { query, nearest, probes });
  const farthest = wanted.at(-1) ?? 0;
  return wanted.length - found.filter((distance) => distance <= farthest + distanceNoise).length;
}

/** Without the row that the query itself was taken from. */
async function nearestDistances(table: Table, facts: TableFacts, { query, nearest, probes }: Omit<OneQuery, "compared">) {
  const distances: number[] = [];
  const search = vectorQuery(table, facts, { query, limit: nearest + 1, way: { probes, refine: refineFactor }, rows: "indexed" });
  for await (const batch of search.select(["_distance"])) distances.push(...(batch.getChild("_distance")!.toArray() as Float32Array));
  return distances.sort((a, b) => a - b).slice(1);
}
