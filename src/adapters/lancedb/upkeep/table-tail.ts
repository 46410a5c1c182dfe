/**
 * Merges the newest small fragments of a table. LanceDB's compaction is too expensive after every few calls: it also updates all indexes.
 * Here the rows of the fragments are written again with a merge by key, in one commit. LanceDB then drops the emptied fragments.
 */
import type { Table } from "@lancedb/lancedb";
import type { RecordBatch } from "apache-arrow";
import type { Vendor } from "../table/vendor.js";

/** Each fragment adds about 0.2 ms to a search. */
const manyFragments = 16;

/** Fragments with more rows than this are not merged. Compaction adds them to the vector index soon. */
const maxRows = 4_096;

export interface TailState {
  /** Number of rows that are not in the vector index. They are the newest rows of the table. */
  readonly unindexedRows: number;
  /** Upper limit for the number of fragments that contain these rows. */
  readonly fragments: number;
}

/** Returns true if the unindexed rows may be in so many fragments that `mergeTail` has work. */
export function mayHaveLongTail({ unindexedRows, fragments }: TailState): boolean {
  return Math.min(unindexedRows, fragments) >= manyFragments;
}

/** Merges the newest fragments if there are many of them. Repeated calls write each row a few times, not once per call. */
export async function mergeTail({ arrow }: Vendor, table: Table, { unindexedRows }: TailState): Promise<void> {
  const end = await table.countRows();
  const offsets = rangeBefore(end, Math.min(unindexedRows, maxRows));
  const sizes = await fragmentSizes(table, offsets);
  // If some unindexed rows are left out, the oldest fragment may have more rows than were counted.
  const count = rowsToMerge(unindexedRows > maxRows ? sizes.slice(0, -1) : sizes);
  if (count === 0) return;
  const batches: RecordBatch[] = [];
  for await (const batch of table.takeOffsets(offsets.slice(-count))) batches.push(batch);
  await table.mergeInsert("id").whenMatchedUpdateAll().execute(new arrow.Table(batches));
}

/**
 * How many of the newest rows should be merged into one fragment. `sizes`: the numbers of rows of the newest fragments, newest first. A
 * fragment is merged only with newer ones that together have at least as many rows. So few fragments remain, with sizes that grow like
 * powers of two.
 */
export function rowsToMerge(sizes: readonly number[]): number {
  let [rows, merged] = [0, 0];
  for (const [at, size] of sizes.entries()) {
    const isWorthwhile = at + 1 >= manyFragments && size <= rows;
    rows += size;
    if (isWorthwhile) merged = rows;
  }
  return merged;
}

/** Number of rows at the offsets per fragment, newest first. */
async function fragmentSizes(table: Table, offsets: readonly number[]): Promise<readonly number[]> {
  const sizes = new Map<bigint, number>();
  for await (const batch of table
    .takeOffsets([...offsets])
    .select(["id"])
    .withRowId()) {
    const rowIds = batch.getChild("_rowid")!;
    for (let row = 0; row < batch.numRows; row += 1) {
      // The upper half of a row id is the number of the fragment. Newer fragments have higher numbers.
      const fragment = (rowIds.get(row) as bigint) >> 32n;
      sizes.set(fragment, (sizes.get(fragment) ?? 0) + 1);
    }
  }
  return [...sizes].sort(([a], [b]) => (a < b ? 1 : -1)).map(([, size]) => size);
}

function rangeBefore(end: number, count: number): number[] {
  return Array.from({ length: count }, (_, at) => end - count + at);
}
