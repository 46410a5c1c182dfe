/** Indexes on keys and contents, for look-ups and for upserts by key. */
import type { Table } from "@lancedb/lancedb";
import { indexStates, type TableState } from "./table-state.js";
import type { Vendor } from "./vendor.js";

/** From this many rows on, look-ups by key and by content are faster with an index. */
export const scalarIndexRows = 10_000;

const scalarColumns = ["id", "content"] as const;

/** An index is not rebuilt for fewer unindexed rows than this. */
const minUnindexedRows = 4_000;

/** Largest share of the rows that may be outside an index: while the index is used, and while rows are only appended. */
const unindexedShare = { used: 1 / 8, unused: 1 / 2 } as const;

export interface FreshenOptions {
  /** Whether keys are looked up or rows are merged. */
  readonly use: "used" | "unused";
  /** Called before each index is built. Throws when upkeep must stop. */
  mayGoOn(): Promise<void>;
}

/** Builds missing indexes, and rebuilds indexes with many unindexed rows. 150,000 rows take 100 ms. Returns the indexed columns. */
export async function freshenScalarIndexes(
  { lancedb }: Vendor,
  table: Table,
  { rows, indexes }: Pick<TableState, "rows" | "indexes">,
  { use, mayGoOn }: FreshenOptions,
): Promise<readonly string[]> {
  const built: string[] = [];
  if (rows < scalarIndexRows) return built;
  for (const column of scalarColumns) {
    const unindexed = indexes.get(column)?.unindexedRows ?? rows;
    if (unindexed < Math.max(minUnindexedRows, rows * unindexedShare[use])) continue;
    await mayGoOn();
    await table.createIndex(column, { config: lancedb.Index.btree(), replace: true });
    built.push(column);
  }
  return built;
}

/** A writer checks the indexes after `first` rows, then each time after `later` rows or this share of the table, whichever is more. */
const lookAfterRows = { first: 1_000, later: 4_000, share: 1 / 16 } as const;

/**
 * Keeps the index on keys useful during a long series of writes. A merge with the index scans all columns of the unindexed rows, at
 * about 0.01 ms per row. A merge without the index scans the keys of all rows, at a thirtieth of that per row. Appending rows needs no
 * index.
 */
export class KeyIndex {
  /** Null until `look` was called, unless the table was empty. */
  #seen: { rows: number; unindexedRows: number } | null;
  #lookIn: number = lookAfterRows.first;
  #use: FreshenOptions["use"] = "unused";

  /** `rows`: number of rows in the table. */
  constructor(
    readonly vendor: Vendor,
    readonly mayGoOn: () => Promise<void>,
    rows: number,
  ) {
    this.#seen = rows === 0 ? { rows: 0, unindexedRows: 0 } : null;
  }

  /** True when a merge is faster with the index, or when the state of the index is unknown. */
  get isWorthUsing(): boolean {
    return this.#seen === null || this.#seen.unindexedRows * 32 <= this.#seen.rows;
  }

  get isDue(): boolean {
    return this.#lookIn <= 0;
  }

  /** Called for each look-up and merge. */
  asked(): void {
    this.#use = "used";
  }

  wrote(rows: number): void {
    if (this.#seen !== null) this.#seen = { rows: this.#seen.rows + rows, unindexedRows: this.#seen.unindexedRows + rows };
    this.#lookIn -= rows;
  }

  /** Reads the coverage of the indexes. Builds those that are missing or have too many unindexed rows. */
  async look(table: Table): Promise<void> {
    const state = { rows: await table.countRows(), indexes: await indexStates(table) };
    this.#lookIn = Math.max(lookAfterRows.later, state.rows * lookAfterRows.share);
    const built = await freshenScalarIndexes(this.vendor, table, state, { use: this.#use, mayGoOn: this.mayGoOn });
    this.#seen = { rows: state.rows, unindexedRows: built.includes("id") ? 0 : (state.indexes.get("id")?.unindexedRows ?? state.rows) };
  }
}
