/**
 * The key, version and metadata fingerprint of every row of a table, in memory. A run that looks up many keys reads them once, instead of
 * sending a query per batch.
 */
import type { Table } from "@lancedb/lancedb";
import type { Vector } from "apache-arrow";
import type { Key, KnownRow } from "../../../contracts/index.js";
import { HashTable } from "../../../kit/index.js";
import { hashOf } from "./key-hash.js";

/** Most rows that are read into memory, at 100 to 200 bytes per row. In a larger table, every look-up is a query. */
const maxRows = 2_000_000;

/** Most keys of written rows that are kept in memory, at 11 to 16 bytes per key. After more keys, every look-up is a query. */
const maxWritten = 10_000_000;

/**
 * The rows are read into memory after look-ups of at least `keys` keys. The number of looked-up keys must also be at least `share` of the
 * table's rows. In a table with 245 fragments and an index on keys, a query takes 0.75 ms of processor time per key. Reading a million
 * rows takes half a second.
 */
const askedFirst = { keys: 1_000, share: 1 / 1_000 } as const;

export interface Marks {
  readonly found: Map<Key, KnownRow>;
  /** Keys that memory cannot answer. The caller must query the table for these keys. */
  readonly unsure: readonly Key[];
}

/** Belongs to the table's only writer. The writer reports the key of every row before it writes the row. */
export class RowMarks {
  #asked = 0;
  #isBeyond = false;
  #snapshot: Promise<Snapshot> | null = null;
  readonly #written = new HashTable({ values: 0 });
  #writtenCount = 0;

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

  async find(table: Table, keys: readonly Key[]): Promise<Marks> {
    this.#asked += keys.length;
    if (this.#snapshot === null && (await this.#isWorthReading(table))) this.#snapshot ??= this.#read(table);
    const reading = this.#snapshot;
    const snapshot = this.#isBeyond ? null : await reading;
    const found = new Map<Key, KnownRow>();
    if (snapshot === null || reading !== this.#snapshot) return { found, unsure: keys };
    const unsure: Key[] = [];
    for (const key of keys) {
      const row = this.#written.get(hashOf(key)) === null ? snapshot.row(key) : "unsure";
      if (row === "unsure") unsure.push(key);
      else if (row !== null) found.set(key, row);
    }
    return { found, unsure };
  }

  async #isWorthReading(table: Table): Promise<boolean> {
    if (this.#isBeyond || this.#asked < askedFirst.keys) return false;
    const rows = await table.countRows();
    this.#isBeyond = rows > maxRows;
    return !this.#isBeyond && this.#asked >= rows * askedFirst.share;
  }

  /** Reads the rows into memory. If reading fails, a later look-up tries again. */
  async #read(table: Table): Promise<Snapshot> {
    try {
      return await Snapshot.read(table);
    } catch (cause) {
      this.deletes();
      throw cause;
    }
  }
}

class Snapshot {
  readonly #places = new HashTable({ values: 2 });
  readonly #batches: (readonly [id: Vector, version: Vector, metadataHash: Vector])[] = [];

  static async read(table: Table): Promise<Snapshot> {
    const snapshot = new Snapshot();
    for await (const batch of table.query().select(["id", "version", "metadata_hash"])) {
      const id = batch.getChild("id")!;
      for (let row = 0; row < batch.numRows; row += 1) snapshot.#places.first(hashOf(id.get(row) as Key), [snapshot.#batches.length, row]);
      snapshot.#batches.push([id, batch.getChild("version")!, batch.getChild("metadata_hash")!]);
    }
    return snapshot;
  }

  /** Returns null if no row has the key, and "unsure" if another key has the same hash. */
  row(key: Key): KnownRow | null | "unsure" {
    const place = this.#places.get(hashOf(key));
    if (place === null) return null;
    const [batch = 0, row = 0] = place;
    const [id, version, metadataHash] = this.#batches[batch]!;
    if (id.get(row) !== key) return "unsure";
    return { version: String(version.get(row)), metadataHash: String(metadataHash.get(row)) };
  }
}
