/** `deleteByIds` and `deleteByFilter`: rows out of a collection, and the upkeep that it is owed. */
import type { Selection } from "../contracts/index.js";
import { labelOf } from "./collections/addresses.js";
import { withCollection } from "./collections/named-collection.js";
import type { PipelineParts } from "./wiring/pipeline-parts.js";

/** How many rows were there to be deleted. Throws what upkeep throws; the rows are gone then all the same. */
export function deleteRows(parts: PipelineParts, name: string, selection: Selection): Promise<number> {
  const { signal } = new AbortController();
  return withCollection(parts, name, "write", async (collection) => {
    const deleted = await collection.delete(selection, signal);
    const label = labelOf({ collection: name }, parts.storeKind);
    const error = await parts.upkeep.after({ label, collection, ended: "completed", signal, soft: signal });
    if (error !== null) throw error;
    return deleted;
  });
}
