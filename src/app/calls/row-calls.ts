/** The calls of a pipeline for rows by id, by filter and in pages. */
import type { Key, Metadata, StoredRow } from "../../contracts/index.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";
import { CollectionCalls } from "./collection-calls.js";
import {
  countIds,
  countRows,
  pageOfRows,
  type RowPage,
  type RowPageRequest,
  type RowsOptions,
  rowsById,
  type ScanOptions,
  scanRows,
  unknownIds,
} from "./read-rows.js";
import { type UpdateOptions, updateMetadata } from "./update-metadata.js";

/** Calls for single rows, and for rows in their order. */
export abstract class RowCalls extends CollectionCalls {
  readonly #parts: PipelineParts;

  protected constructor(parts: PipelineParts) {
    super(parts);
    this.#parts = parts;
  }

  /** Counts how many of the ids are stored. */
  countIds(collectionName: string, ids: readonly Key[]): Promise<number> {
    return countIds(this.#parts, collectionName, ids);
  }

  /** Returns those of the ids that are not stored, in the given order. */
  unknownIds(collectionName: string, ids: readonly Key[]): Promise<readonly Key[]> {
    return unknownIds(this.#parts, collectionName, ids);
  }

  /** Returns the rows with these ids, in no particular order. Unknown ids are left out. */
  rows(collectionName: string, ids: readonly Key[], options: RowsOptions = {}): Promise<readonly StoredRow[]> {
    return rowsById(this.#parts, collectionName, ids, options);
  }

  /** Counts all rows, or the rows that match a filter. Throws `filter_invalid`. */
  async count(collectionName: string, filter?: string): Promise<number> {
    return countRows(this.#parts, collectionName, filter);
  }

  /** Streams all rows, or the rows that match a filter, in batches. Throws `collection_not_found` and `filter_invalid`. */
  scan(collectionName: string, options: ScanOptions): AsyncGenerator<readonly StoredRow[]> {
    return scanRows(this.#parts, collectionName, options);
  }

  /**
   * Returns one page of rows in the order of their ids: text by code point, numbers ascending. Rows that are inserted or deleted between two
   * pages move no other row. Throws `collection_not_found`, `filter_invalid` and `usage_invalid`.
   */
  pageOfRows(collectionName: string, request: RowPageRequest): Promise<RowPage> {
    return pageOfRows(this.#parts, collectionName, request);
  }

  /**
   * Merges `changes` into the metadata of a row, and returns the row, without its image being read or embedded. A key with null is removed; keys
   * that are not named stay. Returns null if there is no row with this id. Throws `metadata_name` and `metadata_type`.
   */
  updateMetadata(collectionName: string, id: Key, changes: Metadata, options: UpdateOptions = {}): Promise<StoredRow | null> {
    return updateMetadata(this.#parts, collectionName, id, changes, options);
  }
}
