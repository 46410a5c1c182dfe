/** Writes vectors that are not in a collection to a `.npy` file. A second file gets their ids and sources. */
import type { Key } from "../../contracts/index.js";
import { npyPaths } from "./files.js";
import { MatrixWriter } from "./matrix-writer.js";

export interface VectorFile {
  /** Rows written so far. */
  readonly rows: number;
  /** Adds a row. Copies the vector. An error has the scope "run". */
  write(row: { readonly id: Key; readonly source: string; readonly vector: Float32Array }): Promise<void>;
  /** Gives the complete files their final names. */
  finish(): Promise<void>;
  /** Removes the unfinished files. Does nothing after `finish`. */
  discard(): Promise<void>;
}

/** Begins the two files: `path`, and `path` with `.jsonl` appended. Existing files are replaced when `finish` is called. */
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
