/** What keeps a table fast and small: merging small files, indexes, removing old versions. */
import type { Table } from "@lancedb/lancedb";
import { freshenScalarIndexes } from "./scalar-indexes.js";
import type { TableFacts } from "./table-schema.js";
import { type TableState, tableState } from "./table-state.js";
import { type BuiltIndex, buildVectorIndex, wantedVectorIndex } from "./vector-index.js";
import type { Vendor } from "./vendor.js";

/** How long a reader may stay on the version that it began with; files of older versions are removed. */
export const keepVersionsMs = 10 * 60_000;

/** Rows outside the vector index that a search goes through one by one: 2,000 of 512 numbers take 11 ms. */
const maxUnindexedRows = 4_000;

/** Files that are never worth a tidying, and too many in any case: each costs a search about 0.2 ms. */
const fragments = { few: 64, many: 512, manyOnTheWay: 2_000 } as const;

/** Files that are worth a tidying when they hold a good part of the rows, as after a run into a new table. */
const coarseFragments = 8;

/** Merging so few takes a second, and little of the disk until the readers of before are gone. */
const fewRows = 100_000;

/**
 * A tidying writes again all rows that no vector index holds apart. So the more of them there are, the more files have to gather
 * before it: so many rows for each file.
 */
const rowsPerFragment = 300;

/** With a vector index a tidying writes the indexes on keys and contents again: a second for a million rows, so not for every few calls. */
const rowsPerCall = 8_000;

/** Parts of the vector index that a search may visit. A table with more rows may have more: building its index anew takes longer. */
const maxIndexParts = (rows: number): number => 8 + Math.floor(rows / 50_000);

/** Commits after which a writer is taken to be in a long series of writes. */
const seriesWrites = 16;

/** Says when to look for small files during a long series of writes: after 100, then whenever their number has doubled, or after 1,000. */
export class TidySchedule {
  #writes = 0;
  #next = 100;

  /** True once a writer has written so often that it is not a short call. */
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

/** Merges small files, brings indexes up to date, removes versions that are older than `keepMs`: LanceDB does the three together only. */
export async function tidy(table: Table, keepMs: number): Promise<void> {
  await table.optimize({ cleanupOlderThan: new Date(Date.now() - keepMs) });
}

/** True when searches, look-ups or the disk suffer from what writes have left behind. */
export function owesTidying({ rows, smallFragments, largestFragment, oldVersions, indexes }: TableState): boolean {
  if (oldVersions === "many") return true;
  const vector = indexes.get("vector");
  const isScattered = vector === undefined && rows < fewRows && rows - largestFragment >= rows / 4;
  if (isScattered && smallFragments >= coarseFragments) return true;
  const rewritten = vector?.unindexedRows ?? rows;
  const worthwhile = vector === undefined ? rewritten / rowsPerFragment : Math.max(rewritten / rowsPerFragment, rows / rowsPerCall);
  const allowed = Math.min(fragments.many, Math.max(fragments.few, worthwhile));
  // The files under each part of an index stay apart whatever is done.
  return smallFragments >= allowed + (vector?.parts ?? 0) || (vector?.unindexedRows ?? 0) >= maxUnindexedRows;
}

/**
 * The same during a long series of writes, which cannot wait for its end: only where many small files are merged for few rows, for each
 * of these rows is then on the disk twice until the readers of before are gone.
 */
export function owesTidyingOnTheWay({ rows, smallFragments, oldVersions, indexes }: TableState): boolean {
  if (oldVersions === "many") return true;
  const rewritten = indexes.get("vector")?.unindexedRows ?? rows;
  return smallFragments >= Math.min(fragments.manyOnTheWay, Math.max(fragments.few, rewritten / rowsPerFragment));
}

/** The vector index to build, over all rows: the first one, or one in the place of too many parts. Null when none is due. */
export function owedVectorIndex(facts: TableFacts, { rows, indexes }: TableState, maxParts = maxIndexParts(rows)): BuiltIndex | null {
  const vector = indexes.get("vector");
  return vector === undefined || vector.parts > maxParts ? wantedVectorIndex(facts, rows) : null;
}

export interface UpkeepParts {
  readonly vendor: Vendor;
  readonly table: Table;
  readonly facts: TableFacts;
  /** The table's own. */
  readonly folder: string;
  /** Asked before each step, for an index can take minutes: throws when there must be no further one. */
  mayGoOn(): Promise<void>;
}

/** Does what the table's state asks for; how much was written since, and by whom, does not matter. */
export async function keepUp(parts: UpkeepParts): Promise<void> {
  const { vendor, table, facts, mayGoOn } = parts;
  const state = (): Promise<TableState> => tableState(table, parts.folder, keepVersionsMs);
  let now = await state();
  if (owesTidying(now)) {
    await mayGoOn();
    await tidy(table, keepVersionsMs);
    now = await state();
  }
  await freshenScalarIndexes(vendor, table, now, { use: "used", mayGoOn });
  const kind = owedVectorIndex(facts, now);
  if (kind === null) return;
  await mayGoOn();
  await buildVectorIndex(vendor, table, facts, kind, now.rows);
}

/** One file and one part of each index, as far as LanceDB goes; versions of running readers stay. */
export async function keepUpWhole(parts: UpkeepParts): Promise<void> {
  const { vendor, table, facts, mayGoOn } = parts;
  await mayGoOn();
  await tidy(table, keepVersionsMs);
  const now = await tableState(table, parts.folder, keepVersionsMs);
  await freshenScalarIndexes(vendor, table, now, { use: "used", mayGoOn });
  const kind = owedVectorIndex(facts, now, 1);
  if (kind === null) return;
  await mayGoOn();
  await buildVectorIndex(vendor, table, facts, kind, now.rows);
  if (now.smallFragments < 2) return;
  // Only now are all files under one part of the index, and can be merged.
  await mayGoOn();
  await tidy(table, keepVersionsMs);
}
