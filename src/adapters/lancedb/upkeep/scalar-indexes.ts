/** The indexes on the columns `id` and `content`, for look-ups and for merges by key, and those on columns that filters use. */
import type { Table } from "@lancedb/lancedb";
import type { TableFacts } from "../table/table-schema.js";
import type { Vendor } from "../table/vendor.js";
import { indexStates, type TableState } from "./table-state.js";
import { buildingIndex, type UpkeepStep } from "./upkeep-step.js";

/** In tables with at least this many rows, look-ups by key and by content are faster with an index. */
export const scalarIndexRows = 10_000;

const scalarColumns = ["id", "content"] as const;

/** An index is rebuilt only if at least this many rows are unindexed. */
const minUnindexedRows = 4_000;

/** An index is rebuilt when this share of the rows is unindexed. */
const unindexedShare = 1 / 8;

/**
 * Builds missing indexes. Rebuilds indexes with many unindexed rows (100 ms for 150,000 rows). Returns the columns of new indexes. `mayGoOn`:
 * called before each index is built. Throws if no further index may be built, for example because the writer's lock was lost.
 */
export async function freshenScalarIndexes(
  { lancedb }: Vendor,
  table: Table,
  { rows, indexes }: Pick<TableState, "rows" | "indexes">,
  mayGoOn: (step: UpkeepStep) => Promise<void>,
): Promise<readonly string[]> {
  const built: string[] = [];
  const owned = rows < scalarIndexRows ? [] : scalarColumns;
  for (const column of [...owned, ...requestedColumns(indexes)]) {
    const unindexed = indexes.get(column)?.unindexedRows ?? rows;
    if (unindexed < Math.max(minUnindexedRows, rows * unindexedShare)) continue;
    await mayGoOn(buildingIndex(column, { rows }));
    await buildScalarIndex(lancedb, table, column);
    built.push(column);
  }
  return built;
}

/** Builds the index over all rows, and replaces an existing index. */
export async function buildScalarIndex(lancedb: Vendor["lancedb"], table: Table, column: string): Promise<void> {
  await table.createIndex(column, { config: lancedb.Index.btree(), replace: true });
}

/** The columns with an index that a user has requested, sorted. */
export function requestedColumns(indexes: TableState["indexes"]): readonly string[] {
  return [...indexes.keys()].filter((column) => column !== "vector" && !scalarColumns.some((own) => own === column)).sort();
}

/** The metadata keys that an index can be built on, sorted. */
export function indexableKeys({ columns }: Pick<TableFacts, "columns">): readonly string[] {
  return [...columns]
    .filter(([, type]) => type !== "other")
    .map(([key]) => key)
    .sort();
}

/**
 * A writer checks the indexes after it has written `first` rows. It checks them again each time it has written `later` more rows, or
 * `share` of the table's rows, whichever is larger.
 */
const lookAfterRows = { first: 1_000, later: 4_000, share: 1 / 16 } as const;

/**
 * Rebuilds the index on keys during a long series of writes. A merge that uses the index scans all columns of the unindexed rows, which
 * takes about 0.01 ms per row. A merge without the index scans the keys of all rows, which takes a thirtieth of that per row. A run that only
 * appends rows needs no index, so the index is built after the run.
 */
export class KeyIndex {
  /** The last known state of the index. Null until the first call of `look`, unless the table was empty at the start. */
  #seen: { rows: number; unindexedRows: number } | null;
  #lookIn: number = lookAfterRows.first;
  #isUsed = false;

  /** `rows`: the number of rows in the table at the start. */
  constructor(
    readonly vendor: Vendor,
    readonly mayGoOn: () => Promise<void>,
    rows: number,
  ) {
    this.#seen = rows === 0 ? { rows: 0, unindexedRows: 0 } : null;
  }

  /** True if a merge is faster with the index than without it, or if the state of the index is unknown. */
  get isWorthUsing(): boolean {
    return this.#seen === null || this.#seen.unindexedRows * 32 <= this.#seen.rows;
  }

  get isDue(): boolean {
    return this.#isUsed && this.#lookIn <= 0;
  }

  /** Called for each look-up and merge. */
  asked(): void {
    this.#isUsed = true;
  }

  wrote(rows: number): void {
    if (this.#seen !== null) this.#seen = { rows: this.#seen.rows + rows, unindexedRows: this.#seen.unindexedRows + rows };
    this.#lookIn -= rows;
  }

  /** Counts the unindexed rows of each index. Builds an index that is missing or has too many unindexed rows. */
  async look(table: Table): Promise<void> {
    const state = { rows: await table.countRows(), indexes: await indexStates(table) };
    this.#lookIn = Math.max(lookAfterRows.later, state.rows * lookAfterRows.share);
    const built = await freshenScalarIndexes(this.vendor, table, state, this.mayGoOn);
    this.#seen = { rows: state.rows, unindexedRows: built.includes("id") ? 0 : (state.indexes.get("id")?.unindexedRows ?? state.rows) };
  }
}
