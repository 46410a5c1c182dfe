/** What a store answers for each row of a batch that it was asked to write. */
import type { HeadraceError } from "./errors.js";

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
