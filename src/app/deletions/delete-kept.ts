/** Deletes rows so that they can be restored. Every verb that deletes rows of a collection uses this function. */
import type { Collection, Key, StoredRow } from "../../contracts/index.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";

/** Who deletes, and which rows stay after all. */
export interface Deletion {
  /** The verb, such as "sync". The list of deletions shows it. */
  readonly command: string;
  readonly signal: AbortSignal;
  /**
   * Returns true if the row may still be deleted. Called for each row as it is now, just before it is deleted. Rows without vectors. Default:
   * every row may be deleted.
   */
  readonly mayDelete?: (row: StoredRow) => boolean | Promise<boolean>;
}

const deletedAtOnce = 500;

/** Deletes the rows with these ids, and returns their number. `collection` is open for writing. */
export async function deleteKept(
  _parts: PipelineParts,
  collection: Collection,
  ids: readonly Key[],
  { mayDelete = () => true, signal }: Deletion,
): Promise<number> {
  let deleted = 0;
  for (let start = 0; start < ids.length; start += deletedAtOnce) {
    const going: Key[] = [];
    for (const row of await collection.get(ids.slice(start, start + deletedAtOnce), { vectors: "omit", signal })) {
      if (await mayDelete(row)) going.push(row.id);
    }
    if (going.length > 0) deleted += await collection.delete({ ids: going }, signal);
  }
  return deleted;
}
