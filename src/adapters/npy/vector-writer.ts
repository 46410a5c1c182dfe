/** Writes vectors without a collection as a matrix for numpy, with their ids and sources in a second file. */
import type { Key } from "../../contracts/index.js";
import { npyPaths } from "./files.js";
import { MatrixWriter } from "./matrix-writer.js";

export interface VectorFile {
  /** Rows written so far. */
  readonly rows: number;
  /** Copies the vector. Throws errors of scope "run". */
  write(row: { readonly id: Key; readonly source: string; readonly vector: Float32Array }): Promise<void>;
  /** Gives the complete files their final names. */
  finish(): Promise<void>;
  /** Removes the unfinished files. Does nothing after `finish`. */
  discard(): Promise<void>;
}

/** `finish` replaces `path`, and `path` with `.jsonl` appended. */
export async function createNpyVectors(path: string, dimension: number): Promise<VectorFile> {
  const matrix = await MatrixWriter.create(npyPaths(path), dimension, null);
  return {
    get rows() {
      return matrix.rows;
    },
    write: ({ id, source, vector }) => matrix.add(vector, `${JSON.stringify({ id: String(id), source })}\n`),
    finish: () => matrix.finish(),
    discard: () => matrix.discard(),
  };
}
