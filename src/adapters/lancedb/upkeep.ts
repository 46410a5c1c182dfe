/** Keeps a table fast and small: compaction, indexes, and removal of old versions. */
import type { Table } from "@lancedb/lancedb";
import { freshenScalarIndexes } from "./scalar-indexes.js";
import type { TableFacts } from "./table-schema.js";
import { type TableState, tableState } from "./table-state.js";
import { type BuiltIndex, buildVectorIndex, wantedVectorIndex } from "./vector-index.js";
import type { Vendor } from "./vendor.js";

/** A reader may stay on one version for this long. Compaction removes the files of older versions. */
export const keepVersionsMs = 10 * 60_000;

/** Most rows outside the vector index. A search scans these rows: 2,000 rows of 512 numbers take 11 ms. */
const maxUnindexedRows = 4_000;

/** Fewer fragments than `few` do not justify compaction; `many` always do. Each fragment costs a search about 0.2 ms. */
const fragments = { few: 64, many: 512, manyDuringSeries: 2_000 } as const;

/** This many fragments justify compaction when they hold a large share of the rows, for example after a run into a new table. */
const coarseFragments = 8;

/** Compacting this many rows takes a second. The old copy, which stays for running readers, takes little disk space. */
const fewRows = 100_000;

/**
 * Compaction rewrites all rows outside the vector index. The more such rows there are, the more fragments are needed to justify it:
 * one fragment per this many rows.
 */
const rowsPerFragment = 300;

/**
 * With a vector index, compaction also rewrites the indexes on keys and contents. This takes a second per million rows, too long for
 * every few calls.
 */
const rowsPerCall = 8_000;

/**
 * Most parts of the vector index. A search visits each part. A larger table may have more parts, because rebuilding its index takes
 * longer.
 */
const maxIndexParts = (rows: number): number => 8 + Math.floor(rows / 50_000);

/** After this many commits, a writer counts as being in a long series of writes. */
const seriesWrites = 16;

/**
 * Decides when a long series of writes looks for small fragments: after 100 writes, then when their number has doubled, at least every
 * 1,000 writes.
 */
export class CompactionSchedule {
  #writes = 0;
  #next = 100;

  /** True once the writer is in a long series of writes. */
  get isSeries(): boolean {
    return this.#writes >= seriesWrites;
  }

  /** Counts a write; true when it is time to look. */
  wrote(): boolean {
    this.#writes += 1;
    if (this.#writes < this.#next) return false;
    this.#next += Math.min(this.#next, 1_000);
    return true;
  }
}

/** Merges small fragments, updates indexes, and removes old versions. LanceDB does the three only together. */
export async function compact(table: Table): Promise<void> {
  await table.optimize({ cleanupOlderThan: new Date(Date.now() - keepVersionsMs) });
}

/** True when small fragments, rows outside the vector index, or old versions slow down searches or fill the disk. */
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
 * Decides the same during a long series of writes. There, compaction is due only when many small fragments hold few rows, because each
 * rewritten row is on the disk twice until running readers have ended.
 */
export function owesCompactionDuringSeries({ rows, smallFragments, oldVersions, indexes }: TableState): boolean {
  if (oldVersions === "many") return true;
  const rewritten = indexes.get("vector")?.unindexedRows ?? rows;
  return smallFragments >= Math.min(fragments.manyDuringSeries, Math.max(fragments.few, rewritten / rowsPerFragment));
}

/** The vector index to build over all rows: the first index, or the replacement of an index with too many parts. Null when none is due. */
export function owedVectorIndex(facts: TableFacts, { rows, indexes }: TableState, maxParts = maxIndexParts(rows)): BuiltIndex | null {
  const vector = indexes.get("vector");
  return vector === undefined || vector.parts > maxParts ? wantedVectorIndex(facts, rows) : null;
}

export interface UpkeepParts {
  readonly vendor: Vendor;
  readonly table: Table;
  readonly facts: TableFacts;
  /** The folder of the table. */
  readonly folder: string;
  /** Called before each step, because building an index can take minutes. Throws when upkeep must stop. */
  mayGoOn(): Promise<void>;
}

/** Does the upkeep that the table's state requires. It does not matter who wrote the rows. */
export async function keepUp(parts: UpkeepParts): Promise<void> {
  const { vendor, table, facts, mayGoOn } = parts;
  const state = (): Promise<TableState> => tableState(table, parts.folder, keepVersionsMs);
  let now = await state();
  if (owesCompaction(now)) {
    await mayGoOn();
    await compact(table);
    now = await state();
  }
  await freshenScalarIndexes(vendor, table, now, { use: "used", mayGoOn });
  const kind = owedVectorIndex(facts, now);
  if (kind === null) return;
  await mayGoOn();
  await buildVectorIndex(vendor, table, facts, kind, now.rows);
}

/** Reduces the table to one fragment and one part per index, as far as LanceDB can. Versions of running readers stay. */
export async function keepUpWhole(parts: UpkeepParts): Promise<void> {
  const { vendor, table, facts, mayGoOn } = parts;
  await mayGoOn();
  await compact(table);
  const now = await tableState(table, parts.folder, keepVersionsMs);
  await freshenScalarIndexes(vendor, table, now, { use: "used", mayGoOn });
  const kind = owedVectorIndex(facts, now, 1);
  if (kind === null) return;
  await mayGoOn();
  await buildVectorIndex(vendor, table, facts, kind, now.rows);
  if (now.smallFragments < 2) return;
  // Now one part of the index covers all fragments, so they can be merged.
  await mayGoOn();
  await compact(table);
}
