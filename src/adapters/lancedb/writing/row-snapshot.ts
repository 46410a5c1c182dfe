/** The keys, versions and metadata hashes of all rows of a table, as text. For tables that are not too large. */
import type { Table } from "@lancedb/lancedb";
import type { Vector } from "apache-arrow";
import type { Key, KnownRow } from "../../../contracts/index.js";
import { HashTable } from "../../../kit/index.js";
import { hashOf } from "./key-hash.js";

/** Keeps the columns as LanceDB returns them, and the place of each key in them. */
export class RowSnapshot {
  readonly #places = new HashTable({ values: 2 });
  readonly #batches: (readonly [id: Vector, version: Vector, metadataHash: Vector])[] = [];

  static async read(table: Table): Promise<RowSnapshot> {
    const snapshot = new RowSnapshot();
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
