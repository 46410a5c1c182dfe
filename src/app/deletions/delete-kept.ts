/**
 * Deletes rows so that they can be restored. Every verb that deletes rows of a collection uses this function. The rows are first written to a
 * file. Then each row is looked at again, and deleted only if the file has it as it is now.
 */
import type { Collection, Key, StoredRow } from "../../contracts/index.js";
import { chunksOf } from "../../kit/index.js";
import { batchRows } from "../../operations/index.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";
import { type DeleteOptions, keepsRows } from "./delete-options.js";
import { keepRows } from "./keep-rows.js";
import { WrittenRows } from "./written-rows.js";

/** Who deletes, and which rows stay after all. */
export interface Deletion extends Pick<DeleteOptions, "keep"> {
  /** The verb, such as "sync". The list of deletions shows it. */
  readonly command: string;
  readonly signal: AbortSignal;
  /**
   * Returns true if the row may still be deleted. Called for each row as it is now, just before it is deleted, for up to 500 rows at the same
   * time. Rows without vectors. Default: every row may be deleted.
   */
  readonly mayDelete?: (row: StoredRow) => boolean | Promise<boolean>;
}

const deletedAtOnce = 500;

/**
 * Deletes the rows with these ids, and returns their number. `collection` is open for writing. Rows that change meanwhile stay. Throws
 * `deletion_too_large`, `disk_full` or `state_unwritable` if the rows cannot be kept; then none is deleted.
 */
export async function deleteKept(
  parts: PipelineParts,
  collection: Collection,
  ids: readonly Key[],
  { command, keep, mayDelete = () => true, signal }: Deletion,
): Promise<number> {
  const distinct = [...new Set(ids)];
  if (distinct.length === 0) return 0;
  if (!keepsRows(parts.settings, keep)) return deleteInGroups(collection, distinct, mayDelete, signal);
  const written = new WrittenRows();
  const kept = await keepRows(parts, collection, rowsOf(collection, distinct, written, signal), { command });
  if (kept === null) return 0;
  const deleted = await deleteInGroups(collection, distinct, async (row) => written.has(row) && mayDelete(row), signal);
  if (deleted === 0) await kept.discard();
  return deleted;
}

/** Reads rows with their vectors, and remembers them. */
export async function* rowsOf(
  collection: Collection,
  ids: readonly Key[],
  written: WrittenRows,
  signal: AbortSignal,
): AsyncGenerator<readonly StoredRow[]> {
  for (const some of chunksOf(ids, batchRows(collection.dimension))) {
    const rows = await collection.get(some, { vectors: "include", signal });
    for (const row of rows) written.add(row);
    yield rows;
  }
}

async function deleteInGroups(
  collection: Collection,
  ids: readonly Key[],
  mayDelete: NonNullable<Deletion["mayDelete"]>,
  signal: AbortSignal,
): Promise<number> {
  let deleted = 0;
  for (const some of chunksOf(ids, deletedAtOnce)) {
    const rows = await collection.get(some, { vectors: "omit", signal });
    const verdicts = await Promise.all(rows.map((row) => mayDelete(row)));
    const going = rows.filter((_, index) => verdicts[index]).map(({ id }) => id);
    if (going.length > 0) deleted += await collection.delete({ ids: going }, signal);
  }
  return deleted;
}
