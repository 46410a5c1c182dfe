/**
 * Merges the files of a table that grows, before it has a vector index. Without this, all files would be merged at the end of the run, and
 * the table would need twice its space on the disk. Each time the table has doubled, its files become one file. Then the index on keys is
 * built. LanceDB never merges files that are in an index with files that are not. So at the end, only the newer files are merged.
 */
import type { TableFacts } from "../table-schema.js";
import type { TableState } from "./table-state.js";
import { wantedVectorIndex } from "./vector-index.js";

/** Fewer bytes of vectors are not merged during a run. Merging so many bytes takes about a second. */
const leastBytes = 256 * 1024 * 1024;

/** Decides when a writer merges files. */
export class GrowthSchedule {
  readonly #leastRows: number;
  #unmergedRows = 0;
  #dueRows: number;

  constructor(
    readonly facts: Pick<TableFacts, "index" | "dimension">,
    leastMerged = leastBytes,
  ) {
    this.#leastRows = Math.ceil(leastMerged / (facts.dimension * Float32Array.BYTES_PER_ELEMENT));
    this.#dueRows = this.#leastRows;
  }

  wrote(rows: number): void {
    this.#unmergedRows += rows;
  }

  /** True when the state of the table should be read, and passed to `look`. */
  get isDue(): boolean {
    return this.#unmergedRows >= this.#dueRows;
  }

  /** Returns true if the files should be merged now. Must be called again with the new state after they were merged. */
  look({ rows, largestFragment, indexes }: TableState): boolean {
    const isOver = indexes.has("vector") || wantedVectorIndex(this.facts, rows) === null;
    this.#dueRows = isOver ? Number.POSITIVE_INFINITY : Math.max(this.#leastRows, largestFragment);
    this.#unmergedRows = rows - largestFragment;
    return this.isDue;
  }
}

/** Returns true if the index on keys has exactly the rows of the largest file, so that LanceDB does not merge this file with others. */
export function isLargestApart({ rows, largestFragment, indexes }: TableState): boolean {
  return indexes.get("id")?.unindexedRows === rows - largestFragment;
}
