/**
 * The key, version and metadata fingerprint of every row of a table, in memory. A run that looks up many keys reads them once, instead of
 * sending a query per batch.
 */
import type { Table } from "@lancedb/lancedb";
import type { Key, KnownRow } from "../../../contracts/index.js";
import { HashTable } from "../../../kit/index.js";
import type { MarkLimits } from "../options.js";
import { hashOf } from "./key-hash.js";
import { HashedRows } from "./row-hashes.js";
import { RowSnapshot } from "./row-snapshot.js";

const defaultLimits: MarkLimits = { textRows: 2_000_000, hashedRows: 10_000_000 };

/** Most keys of written rows that are kept in memory, at 11 to 16 bytes per key. After more keys, every look-up is a query. */
const maxWritten = 10_000_000;

/**
 * The rows are read into memory after look-ups of at least `keys` keys. The number of looked-up keys must also be at least `share` of the
 * table's rows. In a table with 245 fragments and an index on keys, a query takes 0.75 ms of processor time per key. Reading a million
 * rows takes half a second, and two seconds if their versions are hashed.
 */
const askedFirst = { keys: 1_000, share: 1 / 1_000 } as const;

export interface Marks {
  readonly found: Map<Key, KnownRow>;
  /** Keys that memory cannot answer. The caller must query the table for these keys. */
  readonly unsure: readonly Key[];
}

/** The rows of a table at one moment. */
interface RowsInMemory {
  /** Returns null if no row has the key, and "unsure" if only a query can tell. `version`: the version that the row probably has. */
  row(key: Key, version: string | undefined): KnownRow | null | "unsure";
}

/** Belongs to the table's only writer. The writer reports the key of every row before it writes the row. */
export class RowMarks {
  readonly #limits: MarkLimits;
  #asked = 0;
  #isBeyond = false;
  #snapshot: Promise<RowsInMemory> | null = null;
  readonly #written = new HashTable({ values: 0 });
  #writtenCount = 0;

  constructor(limits: Partial<MarkLimits> = {}) {
    this.#limits = { ...defaultLimits, ...limits };
  }

  /** Must be called before a row with this key is written. After the call, every look-up of the key is a query. */
  writes(key: Key): void {
    if (this.#isBeyond || this.#written.first(hashOf(key), []) !== null) return;
    this.#writtenCount += 1;
    this.#isBeyond = this.#writtenCount > maxWritten;
  }

  /** Discards the rows in memory. Must be called before and after a deletion. */
  deletes(): void {
    [this.#snapshot, this.#asked] = [null, 0];
  }

  /** `versions`: the versions that the rows probably have. Without them, memory cannot answer for the rows of a large table. */
  async find(table: Table, keys: readonly Key[], versions: ReadonlyMap<Key, string> = new Map()): Promise<Marks> {
    this.#asked += keys.length;
    if (this.#snapshot === null) {
      const rows = await this.#rowsWorthReading(table, versions);
      if (rows !== null) this.#snapshot ??= this.#read(table, rows);
    }
    const reading = this.#snapshot;
    const snapshot = this.#isBeyond ? null : await reading;
    const found = new Map<Key, KnownRow>();
    if (snapshot === null || reading !== this.#snapshot) return { found, unsure: keys };
    const unsure: Key[] = [];
    for (const key of keys) {
      const row = this.#written.get(hashOf(key)) === null ? snapshot.row(key, versions.get(key)) : "unsure";
      if (row === "unsure") unsure.push(key);
      else if (row !== null) found.set(key, row);
    }
    return { found, unsure };
  }

  /** Returns the number of the table's rows, or null if they should not be read now. */
  async #rowsWorthReading(table: Table, versions: ReadonlyMap<Key, string>): Promise<number | null> {
    if (this.#isBeyond || this.#asked < askedFirst.keys) return null;
    const rows = await table.countRows();
    this.#isBeyond = rows > Math.max(this.#limits.textRows, this.#limits.hashedRows);
    const isUseful = rows <= this.#limits.textRows || versions.size > 0;
    return !this.#isBeyond && isUseful && this.#asked >= rows * askedFirst.share ? rows : null;
  }

  /** Reads the rows into memory. If reading fails, a later look-up tries again. */
  async #read(table: Table, rows: number): Promise<RowsInMemory> {
    try {
      return await (rows <= this.#limits.textRows ? RowSnapshot.read(table) : HashedRows.read(table, rows));
    } catch (cause) {
      this.deletes();
      throw cause;
    }
  }
}
