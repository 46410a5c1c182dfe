/** Indexes for looking up keys and contents, and for merging rows by their key. */
import type { Table } from "@lancedb/lancedb";
import { indexStates, type TableState } from "./table-state.js";
import type { Vendor } from "./vendor.js";

/** From here on look-ups by key and by content are faster with an index. */
export const scalarIndexRows = 10_000;

const scalarColumns = ["id", "content"] as const;

/** Rows outside an index that are too few to build it anew. */
const minUnindexedRows = 4_000;

/** The share of the rows that may be outside an index: while it is used, and while rows are only appended. */
const unindexedShare = { used: 1 / 8, unused: 1 / 2 } as const;

export interface FreshenOptions {
  /** Whether anybody looks keys up, or merges by them. */
  readonly use: "used" | "unused";
  /** Asked before each index: throws when there must be no further one. */
  mayGoOn(): Promise<void>;
}

/** Builds the indexes that are missing, and again those that many rows came after: 150,000 rows take 100 ms. Answers the columns. */
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

/** Rows that a writer stores before it looks at the indexes: the first time, and from then on so many, or a share of the table. */
const lookAfterRows = { first: 1_000, later: 4_000, share: 1 / 16 } as const;

/**
 * Keeps the index on keys worth using during a long series of writes. A merge goes through the rows outside the index with all their
 * columns, at about 0.01 ms each; without the index it goes through the keys of all rows, at a thirtieth of that. Rows that are appended
 * need no index.
 */
export class KeyIndex {
  /** Null until it has looked. */
  #seen: { rows: number; unindexedRows: number } | null;
  #lookIn: number = lookAfterRows.first;
  #use: FreshenOptions["use"] = "unused";

  /** `rows`: what the table has. */
  constructor(
    readonly vendor: Vendor,
    readonly mayGoOn: () => Promise<void>,
    rows: number,
  ) {
    this.#seen = rows === 0 ? { rows: 0, unindexedRows: 0 } : null;
  }

  /** True when a merge is faster with the index, or nothing is known of it. */
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

  /** Looks how far the indexes reach, and builds them when they are missing or too far behind. */
  async look(table: Table): Promise<void> {
    const state = { rows: await table.countRows(), indexes: await indexStates(table) };
    this.#lookIn = Math.max(lookAfterRows.later, state.rows * lookAfterRows.share);
    const built = await freshenScalarIndexes(this.vendor, table, state, { use: this.#use, mayGoOn: this.mayGoOn });
    this.#seen = { rows: state.rows, unindexedRows: built.includes("id") ? 0 : (state.indexes.get("id")?.unindexedRows ?? state.rows) };
  }
}
