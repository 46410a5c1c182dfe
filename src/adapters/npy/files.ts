/** The paths of the three files that a collection is exported to for numpy. Two paths are derived from the path of the vectors. */

export interface NpyPaths {
  readonly vectors: string;
  /** The JSON Lines file with all other columns: one line per row, in the order of the vectors. */
  readonly rows: string;
  /** The JSON file with dimension, metric, type of ids and passport. It gets its name last: without it, the export is incomplete. */
  readonly description: string;
}

export function npyPaths(path: string): NpyPaths {
  return { vectors: path, rows: `${path}.jsonl`, description: `${path}.json` };
}
