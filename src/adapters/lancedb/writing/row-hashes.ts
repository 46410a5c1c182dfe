/**
 * Hashes of the keys and versions of all rows of a large table. Such a hash says whether a row has an expected version. It cannot say which
 * version the row has instead: then only a query can.
 */
import type { Table } from "@lancedb/lancedb";
import type { Key, KnownRow } from "../../../contracts/index.js";
import { HashTable } from "../../../kit/index.js";
import { hashOf } from "./key-hash.js";

/** 64 bits of the version, and the 128 bits of the metadata hash. */
const values = 6;

/** Stored with a key for which only a query can answer. No version has this hash, because the last bit of each stored hash is set. */
const doubtful: readonly number[] = Array.from({ length: values }, () => 0);

const metadataHashPattern = /^[0-9a-f]{32}$/;

export class HashedRows {
  readonly #rows: HashTable;

  private constructor(rows: number) {
    this.#rows = new HashTable({ values, entries: rows });
  }

  /** Memory in bytes. */
  get bytes(): number {
    return this.#rows.bytes;
  }

  /** `rows`: the number of the table's rows. */
  static async read(table: Table, rows: number): Promise<HashedRows> {
    const hashed = new HashedRows(rows);
    for await (const batch of table.query().select(["id", "version", "metadata_hash"])) {
      const [ids, versions, hashes] = [batch.getChild("id")!, batch.getChild("version")!, batch.getChild("metadata_hash")!];
      for (let row = 0; row < batch.numRows; row += 1) {
        hashed.#add(ids.get(row) as Key, String(versions.get(row)), String(hashes.get(row)));
      }
    }
    return hashed;
  }

  /** Returns null if no row has the key, and "unsure" unless the row has the version. */
  row(key: Key, version: string | undefined): KnownRow | null | "unsure" {
    const found = this.#rows.get(hashOf(key));
    if (found === null) return null;
    if (version === undefined) return "unsure";
    const [high, low] = versionHash(version);
    if (found[0] !== high || found[1] !== low) return "unsure";
    return { version, metadataHash: found.slice(2).map(hexOf).join("") };
  }

  #add(key: Key, version: string, metadataHash: string): void {
    const hash = hashOf(key);
    const isUsual = metadataHashPattern.test(metadataHash);
    const row = isUsual ? [...versionHash(version), ...wordsOf(metadataHash)] : doubtful;
    // Another key has the same hash.
    if (this.#rows.first(hash, row) !== null) this.#rows.set(hash, doubtful);
  }
}

function versionHash(version: string): readonly [number, number] {
  const [high, low] = hashOf(version);
  return [high, (low | 1) >>> 0];
}

function wordsOf(digits: string): readonly number[] {
  return [0, 8, 16, 24].map((at) => Number.parseInt(digits.slice(at, at + 8), 16));
}

function hexOf(word: number): string {
  return word.toString(16).padStart(8, "0");
}
