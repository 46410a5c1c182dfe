/** Drops a collection so that it can be restored: all its rows are first written to a file. */
import { type Collection, HeadraceError, type Key, type StoredRow, type VectorStore } from "../../contracts/index.js";
import { checkDrop } from "../../kit/index.js";
import { batchRows } from "../../operations/index.js";
import { checkCollectionName } from "../collections/call-options.js";
import { dropNamed } from "../collections/named-collection.js";
import { closed } from "../lifetimes/closing.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";
import { rowsOf } from "./delete-kept.js";
import { checkDeleteOptions, type DeleteOptions, keepsRows } from "./delete-options.js";
import { keepRows } from "./keep-rows.js";
import { WrittenRows } from "./written-rows.js";

/** Other processes may go on to write while the rows are written. So often their rows are looked for. */
const maxLooks = 10;

/** Throws `collection_not_found`, `collection_aliased` and `lock_held`, and the errors of `deleteKept`. */
export async function dropKept(parts: PipelineParts, name: string, options: DeleteOptions): Promise<void> {
  checkDeleteOptions("dropCollection", options);
  checkCollectionName(name);
  const store = await parts.store(new AbortController().signal);
  checkDrop(name, await store.aliases());
  await keepCollection(parts, store, name, { command: "collection drop", ...options });
  await dropNamed(parts, name);
}

/**
 * Writes all rows of a collection to a file, and then those that were written or changed meanwhile, until there are none. Does nothing if
 * deleted rows are not kept, or if the collection does not exist.
 */
export async function keepCollection(
  parts: PipelineParts,
  store: VectorStore,
  name: string,
  { command, keep }: DeleteOptions & { readonly command: string },
): Promise<void> {
  if (!keepsRows(parts.settings, keep)) return;
  const { signal } = new AbortController();
  const collection = await openIfExists(store, name);
  if (collection === null) return;
  await closed([collection], async () => {
    const written = new WrittenRows();
    await keepRows(parts, collection, allRows(collection, written), { command, expectedRows: await collection.count() });
    for (let looks = 0; looks < maxLooks; looks += 1) {
      const late = await lateRows(collection, written);
      if (late.length === 0) return;
      await keepRows(parts, collection, rowsOf(collection, late, written, signal), { command });
    }
    throw new HeadraceError("lock_held", `drop collection ${name}: expected no more writes, found new rows at each of ${maxLooks} looks`, {
      item: name,
      hint: "Stop the processes that write to the collection, then run the same command again.",
    });
  });
}

async function* allRows(collection: Collection, written: WrittenRows): AsyncGenerator<readonly StoredRow[]> {
  for await (const rows of collection.scan({ vectors: "include", batchRows: batchRows(collection.dimension) })) {
    for (const row of rows) written.add(row);
    yield rows;
  }
}

async function lateRows(collection: Collection, written: WrittenRows): Promise<readonly Key[]> {
  const late: Key[] = [];
  for await (const rows of collection.scan({ vectors: "omit" })) late.push(...rows.filter((row) => !written.has(row)).map(({ id }) => id));
  return late;
}

async function openIfExists(store: VectorStore, name: string): Promise<Collection | null> {
  try {
    return await store.openCollection(name, "write");
  } catch (error) {
    if (HeadraceError.is(error) && error.code === "collection_not_found") return null;
    throw error;
  }
}
