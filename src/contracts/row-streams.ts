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

/** A stored row, with the file of its image. */
export interface StoredImage {
  /** The position of the row in the export, from 0. */
  readonly number: number;
  readonly row: StoredRow;
  readonly bytes: Uint8Array;
}

/** Where one of several files ends, and the next begins. */
export interface ShardLimits {
  readonly maxImages: number;
  readonly maxBytes: number;
}

/** Writes images with their rows to files. */
export interface ImageWriter {
  /** Adds images. They are durable only after `finish`. Throws an error of scope "run" if the files cannot be written. */
  write(images: readonly StoredImage[]): Promise<void>;
  /** Completes the files, and gives them their names. */
  finish(): Promise<void>;
  /** Deletes the unfinished files. Does nothing after `finish`. */
  discard(): Promise<void>;
}

/** A stored row with a small JPEG of its image. Null: the image cannot be shown. */
export interface PictureRow extends StoredRow {
  readonly picture: Uint8Array | null;
}

/** Like `RowWriter`, with pictures. */
export interface PictureRowWriter extends Pick<RowWriter, "finish" | "discard"> {
  write(rows: readonly PictureRow[]): Promise<readonly RowFailure[]>;
}
