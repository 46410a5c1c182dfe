/** Keeps a table fast and small: compaction, indexes, and removal of old versions. */
import type { Table } from "@lancedb/lancedb";
import type { TableFacts } from "../table/table-schema.js";
import type { Vendor } from "../table/vendor.js";
import { mergeBeforeIndex, removeReplaced } from "./first-merge.js";
import { removeOldVersions } from "./old-versions.js";
import { measureProbes } from "./probe-measurement.js";
import { freshenScalarIndexes } from "./scalar-indexes.js";
import { removableBefore, type TableState, tableState } from "./table-state.js";
import { mayHaveLongTail, mergeTail, type TailState } from "./table-tail.js";
import { buildingIndex, type UpkeepStep } from "./upkeep-step.js";
import { type BuiltIndex, buildVectorIndex, partitionsOf, requestedVectorIndex, wantedVectorIndex } from "./vector-index.js";

/**
 * Compaction removes the files of versions older than this. A scan marks its version, so that the version is kept until the scan ends. All
 * other reads are much shorter than this.
 */
export const keepVersionsMs = 60_000;

/** Compaction is due when this many rows are outside the vector index. A search scans these rows: 2,000 rows of 512 numbers take 11 ms. */
const maxUnindexedRows = 4_000;

/**
 * Numbers of fragments. Fewer than `few` do not justify compaction, and `many` always do. During a long series of writes,
 * `manyDuringSeries` applies. Each fragment adds about 0.2 ms to a search.
 */
const fragments = { few: 64, many: 512, manyDuringSeries: 2_000 } as const;

/** This many fragments justify compaction if they contain a large share of the rows, for example after a run into a new table. */
const coarseFragments = 8;

/**
 * Compacting this many rows takes a second. The files before the compaction stay on the disk for running readers, and are small for so few
 * rows.
 */
const fewRows = 100_000;

/**
 * Compaction rewrites all rows outside the vector index. So a table with more such rows needs more fragments to justify compaction: one
 * fragment per this many rows.
 */
const rowsPerFragment = 300;

/**
 * If the table has a vector index, compaction also rewrites the indexes on keys and contents. Rewriting them takes a second per million
 * rows. So compaction also needs one fragment per this many rows of the table.
 */
const rowsPerCall = 8_000;

/**
 * Most parts that the vector index may have before it is rebuilt. A search reads every part. A larger table may have more parts, because
 * rebuilding its index takes longer.
 */
const maxIndexParts = (rows: number): number => 8 + Math.floor(rows / 50_000);

/** A writer that has made this many commits is in a long series of writes. */
const seriesWrites = 16;

/**
 * Decides when a writer checks the table for small fragments during a long series of writes. The first check is after 100 writes. The next
 * check follows when the number of writes has doubled, but at the latest after 1,000 more writes.
 */
export class CompactionSchedule {
  #writes = 0;
  #next = 100;

  /** True once the writer is in a long series of writes. */
  get isSeries(): boolean {
    return this.#writes >= seriesWrites;
  }

  /** Counts a write. Returns true when the table should be checked for small fragments. */
  wrote(): boolean {
    this.#writes += 1;
    if (this.#writes < this.#next) return false;
    this.#next += Math.min(this.#next, 1_000);
    return true;
  }
}

const mergingFiles = "merging small files";

/** Merges small fragments, updates indexes, and removes versions older than a minute. LanceDB has only one call for all three steps. */
export async function compact(table: Table, folder: string): Promise<void> {
  await table.optimize({ cleanupOlderThan: new Date(await removableBefore(folder, keepVersionsMs)) });
}

/** Returns true if the table needs compaction: it has many small fragments, rows outside the vector index, or old versions. */
export function owesCompaction({ rows, smallFragments, largestFragment, oldVersions, indexes }: TableState): boolean {
  if (oldVersions === "many") return true;
  const vector = indexes.get("vector");
  const isScattered = vector === undefined && rows < fewRows && rows - largestFragment >= rows / 4;
  if (isScattered && smallFragments >= coarseFragments) return true;
  const rewritten = vector?.unindexedRows ?? rows;
  const worthwhile = vector === undefined ? rewritten / rowsPerFragment : Math.max(rewritten / rowsPerFragment, rows / rowsPerCall);
  const allowed = Math.min(fragments.many, Math.max(fragments.few, worthwhile));
  // Compaction never merges fragments that belong to different parts of the vector index.
  return smallFragments >= allowed + (vector?.parts ?? 0) || (vector?.unindexedRows ?? 0) >= maxUnindexedRows;
}

/**
 * Returns true if the table needs compaction during a long series of writes. Then it is due only if many small fragments contain few
 * rows. Each row that compaction rewrites is on the disk twice, until the old version is removed.
 */
export function owesCompactionDuringSeries({ rows, smallFragments, oldVersions, indexes }: TableState): boolean {
  if (oldVersions === "many") return true;
  const rewritten = indexes.get("vector")?.unindexedRows ?? rows;
  return smallFragments >= Math.min(fragments.manyDuringSeries, Math.max(fragments.few, rewritten / rowsPerFragment));
}

/** The vector index to build: the first index of the table, or a new one if the existing index has too many parts. Null: build none. */
export function owedVectorIndex(facts: TableFacts, { rows, indexes }: TableState, maxParts = maxIndexParts(rows)): BuiltIndex | null {
  const vector = indexes.get("vector");
  if (vector === undefined) return wantedVectorIndex(facts, rows);
  return vector.parts > maxParts ? requestedVectorIndex(facts) : null;
}

export interface UpkeepParts {
  readonly vendor: Vendor;
  /** Name of the collection. */
  readonly name: string;
  readonly table: Table;
  readonly facts: TableFacts;
  /** The folder of the table. */
  readonly folder: string;
  /** Called before each step, because a step can take minutes. Throws if no further step may begin, for example after the lock was lost. */
  mayGoOn(step: UpkeepStep): Promise<void>;
}

/** Does the upkeep that the table's state requires, even if another process wrote the rows. */
export async function keepUp(parts: UpkeepParts): Promise<void> {
  const { vendor, table, facts, folder, mayGoOn } = parts;
  const state = (): Promise<TableState> => tableState(table, folder, keepVersionsMs);
  await removeOldVersions(table, folder);
  let now = await state();
  const tail = tailOf(now);
  const isBeforeIndex = owesMergeBeforeIndex(facts, now);
  if (isBeforeIndex && (await mergeBeforeIndex(parts))) {
    now = await state();
  } else if (isBeforeIndex || owesCompaction(now)) {
    await mayGoOn({ step: mergingFiles, rows: now.rows });
    await compact(table, folder);
    now = await state();
  } else if (tail !== null && mayHaveLongTail(tail)) {
    await mayGoOn({ step: mergingFiles, rows: tail.unindexedRows });
    await mergeTail(vendor, table, tail);
  }
  await freshenScalarIndexes(vendor, table, now, mayGoOn);
  const kind = owedVectorIndex(facts, now);
  if (kind === null) return;
  await buildIndex(parts, kind, now.rows);
  if (isBeforeIndex) await removeReplaced(table, folder);
  else await mergeAfterIndex(parts, now);
}

/** Null: the table has no vector index. Compaction leaves one fragment per part of the index. All other fragments are newer. */
function tailOf({ fragments, indexes }: TableState): TailState | null {
  const vector = indexes.get("vector");
  return vector === undefined ? null : { unindexedRows: vector.unindexedRows, fragments: fragments - vector.parts };
}

/**
 * Returns true if the table gets its first vector index and has several small fragments. After the index is built, the same compaction would
 * take twice as long, because it would also write the index again.
 */
function owesMergeBeforeIndex(facts: TableFacts, now: TableState): boolean {
  return !now.indexes.has("vector") && now.smallFragments >= 2 && owedVectorIndex(facts, now) !== null;
}

/** Builds the vector index, and measures how much of it a search must read. */
export async function buildIndex(parts: UpkeepParts, kind: BuiltIndex, rows: number): Promise<void> {
  const { vendor, table, facts, mayGoOn } = parts;
  await mayGoOn(buildingIndex("vector", { rows }));
  await buildVectorIndex(vendor, table, facts, kind, rows);
  const measuring = () => mayGoOn({ step: "measuring searches", rows });
  await measureProbes({ ...parts, rows, partitions: partitionsOf(rows), mayGoOn: measuring });
}

/** After the vector index was built: merges the fragments that belonged to different parts of the index before. */
export async function mergeAfterIndex({ table, folder, mayGoOn }: UpkeepParts, { rows, smallFragments }: TableState): Promise<void> {
  if (smallFragments < 2) return;
  await mayGoOn({ step: mergingFiles, rows });
  await compact(table, folder);
}

/** Reduces the table to one fragment and one part per index, as far as LanceDB can. Keeps the versions that running readers may use. */
export async function keepUpWhole(parts: UpkeepParts): Promise<void> {
  const { vendor, table, facts, folder, mayGoOn } = parts;
  await mayGoOn({ step: mergingFiles, rows: await table.countRows() });
  await compact(table, folder);
  const now = await tableState(table, folder, keepVersionsMs);
  await freshenScalarIndexes(vendor, table, now, mayGoOn);
  const kind = owedVectorIndex(facts, now, 1);
  if (kind === null) return;
  await buildIndex(parts, kind, now.rows);
  await mergeAfterIndex(parts, now);
}
