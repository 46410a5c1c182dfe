/** The paths of the three files of a collection for numpy. The others are derived from the first. */

export interface NpyPaths {
  readonly vectors: string;
  /** All other columns as JSON Lines: one line per row, in the same order. */
  readonly rows: string;
  /** Dimension, metric, type of the ids and passport. Written last: without it the other files are incomplete. */
  readonly description: string;
}

export function npyPaths(path: string): NpyPaths {
  return { vectors: path, rows: `${path}.jsonl`, description: `${path}.json` };
}
