/** The interfaces of whole collections that are read or written row by row, such as files. */
import type { StoredRow } from "./payloads.js";
import type { Collection } from "./ports.js";
import type { RowFailure } from "./row-results.js";

/** Something that rows can be copied from: a collection, or a file with an exported collection. */
export interface RowSource extends Pick<Collection, "name" | "dimension" | "metric" | "idType" | "passport" | "scan" | "close"> {
  count(): Promise<number>;
}

/** What a file of deleted rows says about their deletion. */
export interface DeletionRecord {
  /** The collection that had the rows. */
  readonly collection: string;
  /** The verb that deleted them, such as "sync". */
  readonly command: string;
  /** ISO 8601, UTC. */
  readonly deletedAt: string;
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

/** Writes rows to a file that tells its size. */
export interface SizedRowWriter extends RowWriter {
  /** Number of bytes that are written so far. Rows that wait for their row group do not count. */
  readonly bytesWritten: number;
}
