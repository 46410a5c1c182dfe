/** Pages of rows in the order of their keys. */
import type { Filter } from "./filter.js";
import type { Key, StoredRow } from "./payloads.js";

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
