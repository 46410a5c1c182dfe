/** The interfaces of whole collections that are read or written row by row, such as files. */
import type { StoredRow } from "./payloads.js";
import type { Collection, RowFailure } from "./ports.js";

/** Something that rows can be copied from: a collection, or a file with an exported collection. */
export interface RowSource extends Pick<Collection, "name" | "dimension" | "metric" | "idType" | "passport" | "scan" | "close"> {
  count(): Promise<number>;
}

/** Writes the rows of a collection to a file, in the order of the calls. */
export interface RowWriter {
  /**
   * Adds rows. The rows are durable only after `finish`. Returns the rows that the format of the file cannot store. Throws an error of
   * scope "run" if the file cannot be written.
   */
  write(rows: readonly StoredRow[]): Promise<readonly RowFailure[]>;
  /** Completes the file and renames it to its final path. */
  finish(): Promise<void>;
  /** Deletes the unfinished file. Does nothing after `finish`. */
  discard(): Promise<void>;
}
