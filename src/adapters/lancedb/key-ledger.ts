/** The keys of a table, as its writer knows them. A row whose key is certainly new is appended without a look-up. */
import type { Table } from "@lancedb/lancedb";
import type { Key } from "../../contracts/index.js";
import { HashTable } from "../../kit/index.js";
import { hashOf } from "./key-hash.js";

/** Most keys that are remembered, at 11 to 16 bytes per key. Rows for a larger table are merged. */
const maxKeys = 10_000_000;

/**
 * The keys are read after this many rows were merged, when these are also this share of the table. Reading a million keys takes a second.
 */
const mergedFirst = { rows: 1_000, share: 1 / 200 } as const;

/**
 * Knows all keys while the writer holds the lock: from the start when the table was empty, otherwise once the keys have been read. Some
 * keys count as existing although they are not: deleted keys, keys whose write failed, and keys with the hash of another key. Their rows
 * are merged, which is correct for every row.
 */
export class KeyLedger {
  /** Null while the keys are unknown. */
  #keys: HashTable | null = null;
  #count = 0;
  #merged = 0;
  #isBeyond = false;

  /** `rows`: number of rows in the table, counted while the lock is held. */
  constructor(rows: number) {
    if (rows === 0) this.#keys = new HashTable({ values: 0 });
    else this.#isBeyond = rows > maxKeys;
  }

  /** True when the table does not have the key. Records the key, so a second call returns false. */
  isNew(key: Key): boolean {
    if (this.#keys === null) return false;
    if (this.#keys.first(hashOf(key), []) !== null) return false;
    this.#count += 1;
    if (this.#count > maxKeys) {
      this.#keys = null;
      this.#isBeyond = true;
    }
    return true;
  }

  /** Must be called before rows are written. Reads the keys when many rows were merged because the keys are unknown. */
  async prepare(table: Table, writtenRows: number): Promise<void> {
    if (this.#keys !== null || this.#isBeyond) return;
    this.#merged += writtenRows;
    if (this.#merged < mergedFirst.rows) return;
    const rows = await table.countRows();
    this.#isBeyond = rows > maxKeys;
    if (this.#isBeyond || this.#merged < rows * mergedFirst.share) return;
    this.#keys = await keysOf(table);
    this.#count = rows;
  }
}

async function keysOf(table: Table): Promise<HashTable> {
  const keys = new HashTable({ values: 0 });
  for await (const batch of table.query().select(["id"])) {
    const ids = batch.getChild("id")!;
    for (let row = 0; row < batch.numRows; row += 1) keys.first(hashOf(ids.get(row) as Key), []);
  }
  return keys;
}
