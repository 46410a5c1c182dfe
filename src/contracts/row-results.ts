/** What a store answers: for each row of a batch that it was asked to write, and in pages of rows. */
import type { HeadraceError } from "./errors.js";
import type { Filter } from "./filter.js";
import type { Key, StoredRow } from "./payloads.js";

/** One row that the store has rejected. The other rows of the batch are written durably. */
export interface RowFailure {
  /** Position of the row in the batch, from 0. */
  readonly index: number;
  readonly error: HeadraceError;
}

/** The answer to a write that leaves existing rows as they are. Rows that are in neither list are written durably. */
export interface InsertResult {
  readonly failures: readonly RowFailure[];
  /** Positions of the rows in the batch whose keys the collection has already. */
  readonly present: readonly number[];
}

/** Which page to read. */
export interface RowPageOptions {
  /** Only rows whose keys come after this one. null: from the first row on. The collection need not have a row with this key. */
  readonly after: Key | null;
  /** Maximum number of rows, at least 1. */
  readonly limit: number;
  readonly filter?: Filter;
  readonly vectors: "include" | "omit";
  readonly signal?: AbortSignal;
}

/** A collection that reads pages without reading all its rows. */
export interface PagedRows {
  /**
   * Returns the first rows after `after`, in the order of their keys: text by code point, numbers ascending. Fewer than `limit` rows: there
   * are no more. Absent: the caller scans the collection for each page.
   */
  page?(options: RowPageOptions): Promise<readonly StoredRow[]>;
}
