/** If the collection has a row whose image has the same bytes, uses the vector of that row. Paths and versions may differ. */
import type { Collection, Encoded, Item, Result, Stage, StoredContent } from "../contracts/index.js";
import { advance } from "../kit/index.js";

export function contentStage(collection: Collection): Stage<Encoded, Encoded> {
  return {
    name: "content",
    async process(batch, signal) {
      const fingerprints = [...new Set(batch.map((item) => item.facts.content))];
      const found = await collection.byContent(fingerprints, signal);
      return batch.map((item) => reuse(item, found.get(item.facts.content)));
    },
  };
}

function reuse(item: Item<Encoded>, stored: StoredContent | undefined): Result<Encoded> {
  if (stored === undefined) return { kind: "ok", item };
  const { vector, width, height } = stored;
  return { kind: "bypass", item: advance(item, { vector }, vector.byteLength, { ...item.facts, width, height }) };
}
