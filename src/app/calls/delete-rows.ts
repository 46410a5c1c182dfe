/** `deleteByIds` and `deleteByFilter`: delete rows, then do the upkeep that is due. */
import type { Collection, Key, Selection } from "../../contracts/index.js";
import { labelOf } from "../collections/addresses.js";
import { withCollection } from "../collections/named-collection.js";
import { deleteKept } from "../deletions/delete-kept.js";
import { checkDeleteOptions, type DeleteOptions } from "../deletions/delete-options.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";

/** Deletes rows and returns their number. Throws if the upkeep fails; the rows are deleted even then. */
export async function deleteRows(parts: PipelineParts, name: string, selection: Selection, options: DeleteOptions): Promise<number> {
  checkDeleteOptions("delete", options);
  const { signal } = new AbortController();
  return withCollection(parts, name, "write", async (collection) => {
    const ids = "ids" in selection ? selection.ids : await matchingIds(collection, selection, signal);
    const deleted = await deleteKept(parts, collection, ids, { command: "delete", ...options, signal });
    const label = labelOf({ collection: collection.name }, parts.storeKind);
    const error = await parts.upkeep.after({ label, collection, ended: "completed", signal, soft: signal });
    if (error !== null) throw error;
    return deleted;
  });
}

async function matchingIds(
  collection: Collection,
  { filter }: Extract<Selection, { readonly filter: unknown }>,
  signal: AbortSignal,
): Promise<readonly Key[]> {
  const ids: Key[] = [];
  for await (const rows of collection.scan({ filter, vectors: "omit", signal })) ids.push(...rows.map(({ id }) => id));
  return ids;
}
