/** Which keys a table has, as far as its writer knows: a key that is certainly new is appended, without a search for it. */
import type { Table } from "@lancedb/lancedb";
import type { Key } from "../../contracts/index.js";
import { HashTable } from "../../kit/index.js";
import { hashOf } from "./key-hash.js";

/** Keys that are remembered, at 11 to 16 bytes each. A table with more has its rows merged. */
const maxKeys = 10_000_000;

/** Rows that are merged before the keys are read: so many, and a share of the table. Reading a million takes a second. */
const mergedFirst = { rows: 1_000, share: 1 / 200 } as const;

/**
 * Knows all keys while the writer holds the lock: from the start of an empty table, or once they have been read. A key that was
 * deleted since counts as there, and so does one whose write failed, and one that shares its hash with another: such rows are merged,
 * which is right for every row.
 */
export class KeyLedger {
  /** Null while they are not known. */
  #keys: HashTable | null = null;
  #count = 0;
  #merged = 0;
  #isBeyond = false;

  /** `rows`: what the table has, seen by the one who has the lock. */
  constructor(rows: number) {
    if (rows === 0) this.#keys = new HashTable({ values: 0 });
    else this.#isBeyond = rows > maxKeys;
  }

  /** True for a key that the table does not have; from then on it has it. */
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

  /** Before so many rows are written: reads the keys when many rows have been merged for want of them. */
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
