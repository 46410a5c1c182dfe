/** Writes vectors that belong to no collection as a matrix for numpy, with their ids and sources beside it. */
import type { Key } from "../../contracts/index.js";
import { npyPaths } from "./files.js";
import { MatrixWriter } from "./matrix-writer.js";

export interface VectorFile {
  /** Rows written so far. */
  readonly rows: number;
  /** The vector is only lent. Throws errors of scope "run". */
  write(row: { readonly id: Key; readonly source: string; readonly vector: Float32Array }): Promise<void>;
  /** Puts the whole files in their places. */
  finish(): Promise<void>;
  /** Removes what was written. Harmless after `finish`. */
  discard(): Promise<void>;
}

/** Replaces `path`, and `path` with `.jsonl` added, when `finish` is called. */
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
