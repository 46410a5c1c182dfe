/** The three files of a collection for numpy, by the path of the first. */

export interface NpyPaths {
  /** The vectors. */
  readonly vectors: string;
  /** All other columns, a JSON line a row, in the same order. */
  readonly rows: string;
  /** Dimension, metric, type of the ids and passport; written last, so that without it the others are not whole. */
  readonly description: string;
}

export function npyPaths(path: string): NpyPaths {
  return { vectors: path, rows: `${path}.jsonl`, description: `${path}.json` };
}
