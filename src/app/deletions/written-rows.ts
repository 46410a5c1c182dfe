/** Remembers which rows a file of deleted rows has, as they were written there. */
import type { StoredRow } from "../../contracts/index.js";
import { HashTable, hashOfText, metadataText } from "../../kit/index.js";

/** Needs 11 to 16 bytes of memory per row. */
export class WrittenRows {
  readonly #hashes = new HashTable({ values: 0 });

  add(row: StoredRow): void {
    this.#hashes.first(hashOf(row), []);
  }

  /** Returns false if anything but the vector of the row has changed. A new vector changes the version, the content or the time. */
  has(row: StoredRow): boolean {
    return this.#hashes.get(hashOf(row)) !== null;
  }
}

function hashOf({ id, facts, ingestedAt }: StoredRow) {
  const { source, root, version, content, metadata, metadataHash, width, height } = facts;
  const sorted = Object.fromEntries(Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1)));
  const text = JSON.stringify([source, root, version, content, metadataHash, width, height, ingestedAt, metadataText(sorted)]);
  return hashOfText(`${typeof id} ${id}\n${text}`);
}
