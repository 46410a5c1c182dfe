/** Arguments and results of the maintenance of a collection. */
import type { UpkeepProgress } from "./events.js";

/** Options of maintenance. */
export interface UpkeepOptions {
  /** Called when a step begins, and when its share grows. It must be fast and not throw. */
  readonly onProgress?: (progress: UpkeepProgress) => void;
}

/** The index on one column, and what `buildIndex` did to it. */
export interface BuiltIndex {
  /** "vector", a metadata key, or a built-in column. */
  readonly column: string;
  /** Type of the index: the store's name for it. "none": the store answers exactly, without an index. */
  readonly type: string;
  /** "built": a new index. "extended": rows were added to the index. "unchanged": the index covered all rows. */
  readonly outcome: "built" | "extended" | "unchanged";
  /** Number of rows in the collection. The index covers all of them. */
  readonly rows: number;
}
