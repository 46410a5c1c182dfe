/** Indexes for looking up keys and contents, and for merging rows by their key. */
import type { Table } from "@lancedb/lancedb";
import { indexStates, type TableState } from "./table-state.js";
import type { Vendor } from "./vendor.js";

/** From here on look-ups by key and by content are faster with an index. */
export const scalarIndexRows = 10_000;

const scalarColumns = ["id", "content"] as const;

/** Rows outside an index that are too few to build it anew; a table of more than eight times as many waits for an eighth of its rows. */
const minUnindexedRows = 4_000;

/** Builds the indexes that are missing, and again those that many rows came after: 150,000 rows take 100 ms. Answers the columns. */
export async function freshenScalarIndexes(
  { lancedb }: Vendor,
  table: Table,
  { rows, indexes }: Pick<TableState, "rows" | "indexes">,
  mayGoOn: () => Promise<void>,
): Promise<readonly string[]> {
  const built: string[] = [];
  if (rows < scalarIndexRows) return built;
  for (const column of scalarColumns) {
    const unindexed = indexes.get(column)?.unindexedRows ?? rows;
    if (unindexed < Math.max(minUnindexedRows, rows / 8)) continue;
    await mayGoOn();
    await table.createIndex(column, { config: lancedb.Index.btree(), replace: true });
    built.push(column);
  }
  return built;
}

/** Rows that a writer stores before it looks at the indexes: the first time, and from then on. */
const lookAfterRows = { first: 1_000, later: 4_000 } as const;

/**
 * Keeps the index on keys worth using during a long series of writes. A merge goes through the rows outside the index with all their
 * columns, at about 0.01 ms each; without the index it goes through the keys of all rows, at a thirtieth of that.
 */
export class KeyIndex {
  /** Null until it has looked. */
  #seen: { rows: number; unindexedRows: number } | null = null;
  #lookIn: number = lookAfterRows.first;

  constructor(
    readonly vendor: Vendor,
    readonly mayGoOn: () => Promise<void>,
  ) {}

  /** True when a merge is faster with the index, or nothing is known of it. */
  get isWorthUsing(): boolean {
    return this.#seen === null || this.#seen.unindexedRows * 32 <= this.#seen.rows;
  }

  /** Counts rows that were written; true when it is time to look. */
  wrote(rows: number): boolean {
    if (this.#seen !== null) this.#seen = { rows: this.#seen.rows + rows, unindexedRows: this.#seen.unindexedRows + rows };
    this.#lookIn -= rows;
    return this.#lookIn <= 0;
  }

  /** Looks how far the indexes reach, and builds them when they are missing or too far behind. */
  async look(table: Table): Promise<void> {
    this.#lookIn = lookAfterRows.later;
    const state = { rows: await table.countRows(), indexes: await indexStates(table) };
    const built = await freshenScalarIndexes(this.vendor, table, state, this.mayGoOn);
    this.#seen = { rows: state.rows, unindexedRows: built.includes("id") ? 0 : (state.indexes.get("id")?.unindexedRows ?? 0) };
  }
}
