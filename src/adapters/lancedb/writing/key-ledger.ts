/** The keys of a table, kept in the writer's memory. A row whose key is not in the table is appended, without a query for the key. */
import type { Table } from "@lancedb/lancedb";
import type { Key } from "../../../contracts/index.js";
import { HashTable } from "../../../kit/index.js";
import { keyIsOneOf } from "../table/filter-sql.js";
import { hashOf } from "./key-hash.js";

/** Most keys that are kept in memory, at 11 to 16 bytes per key. If a table has more rows, all new rows are merged, not appended. */
const maxKeys = 10_000_000;

/**
 * The writer reads the keys of the table after it has merged at least `rows` rows. The merged rows must also be at least `share` of the
 * table's rows. Reading a million keys takes a second.
 */
const mergedFirst = { rows: 1_000, share: 1 / 200 } as const;

/** Up to this many keys are looked up with a query while the keys of the table are unknown. A query takes 4 ms, a merge at least 25 ms. */
const lookedUpKeys = 32;

/**
 * Records the keys of the table. If the table was empty when the writer took the lock, the record is complete from the start. Otherwise
 * the record is complete after `prepare` has read the keys of the table. Until then, `prepare` looks up the keys of small writes.
 *
 * Some keys count as present although the table does not have them: deleted keys, keys whose write failed, and keys with the same hash
 * as another key. The rows of such keys are merged instead of appended. A merge is correct for any row.
 */
export class KeyLedger {
  /** Null while the keys are unknown. */
  #keys: HashTable | null = null;
  #count = 0;
  #merged = 0;
  #isBeyond = false;
  /** Keys of the next write that the table does not have. Only used while the keys of the table are unknown. */
  #absent = new Set<Key>();

  /** `rows`: the number of rows in the table, counted while this process holds the writer's lock. */
  constructor(rows: number) {
    if (rows === 0) this.#keys = new HashTable({ values: 0 });
    else this.#isBeyond = rows > maxKeys;
  }

  /** Returns true if the table certainly does not have the key. Then records the key, so a second call with the same key returns false. */
  isNew(key: Key): boolean {
    if (this.#keys === null) return this.#absent.delete(key);
    if (this.#keys.first(hashOf(key), []) !== null) return false;
    this.#count += 1;
    if (this.#count > maxKeys) {
      this.#keys = null;
      this.#isBeyond = true;
    }
    return true;
  }

  /** Must be called before each write of rows, with the keys of the rows. */
  async prepare(table: Table, keys: readonly Key[]): Promise<void> {
    if (this.#keys !== null) return;
    this.#merged += keys.length;
    if (await this.#isWorthReading(table)) {
      this.#keys = await keysOf(table);
      this.#count = await table.countRows();
    } else {
      this.#absent = keys.length <= lookedUpKeys ? await absentKeys(table, keys) : new Set();
    }
  }

  async #isWorthReading(table: Table): Promise<boolean> {
    if (this.#isBeyond || this.#merged < mergedFirst.rows) return false;
    const rows = await table.countRows();
    this.#isBeyond = rows > maxKeys;
    return !this.#isBeyond && this.#merged >= rows * mergedFirst.share;
  }
}

async function absentKeys(table: Table, keys: readonly Key[]): Promise<Set<Key>> {
  const absent = new Set(keys);
  for await (const batch of table.query().select(["id"]).where(keyIsOneOf(keys))) {
    const ids = batch.getChild("id")!;
    for (let row = 0; row < batch.numRows; row += 1) absent.delete(ids.get(row) as Key);
  }
  return absent;
}

async function keysOf(table: Table): Promise<HashTable> {
  const keys = new HashTable({ values: 0 });
  for await (const batch of table.query().select(["id"])) {
    const ids = batch.getChild("id")!;
    for (let row = 0; row < batch.numRows; row += 1) keys.first(hashOf(ids.get(row) as Key), []);
  }
  return keys;
}
