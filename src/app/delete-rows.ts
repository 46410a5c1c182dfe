/** `deleteByIds` and `deleteByFilter`: delete rows, then do the upkeep that is due. */
import type { Selection } from "../contracts/index.js";
import { labelOf } from "./collections/addresses.js";
import { withCollection } from "./collections/named-collection.js";
import type { PipelineParts } from "./wiring/pipeline-parts.js";

/** Deletes rows and returns their number. Throws if the upkeep fails; the rows are deleted even then. */
export function deleteRows(parts: PipelineParts, name: string, selection: Selection): Promise<number> {
  const { signal } = new AbortController();
  return withCollection(parts, name, "write", async (collection) => {
    const deleted = await collection.delete(selection, signal);
    const label = labelOf({ collection: collection.name }, parts.storeKind);
    const error = await parts.upkeep.after({ label, collection, ended: "completed", signal, soft: signal });
    if (error !== null) throw error;
    return deleted;
  });
}
