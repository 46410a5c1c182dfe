/** Keeps metadata that another writer has stored since a run looked its keys up. */
import type { Collection, ImageFacts, Item, Row, Sink } from "../contracts/index.js";
import { isMarkedDamaged, markDamage, splitMetadata, withoutLabels } from "../kit/index.js";

/**
 * For stores with several writers. A listing that says nothing of metadata keeps what is stored, so the rows of such images are looked up once
 * more just before the write. Their labels and marks are those of the new row.
 */
export function keepMetadataSink(sink: Sink, collection: Pick<Collection, "known" | "get">): Sink {
  return {
    ...sink,
    async process(batch, signal) {
      const silent = batch.filter(({ facts }) => facts.listed?.metadata === null).map(({ id }) => id);
      const known = silent.length === 0 ? new Map<never, never>() : await collection.known(silent, signal);
      const hashes = new Map(batch.map(({ id, facts }) => [id, facts.metadataHash]));
      const differing = silent.filter((id) => known.has(id) && known.get(id)?.metadataHash !== hashes.get(id));
      if (differing.length === 0) return sink.process(batch, signal);
      const rows = await collection.get(differing, { vectors: "omit", signal });
      const stored = new Map(rows.map(({ id, facts }) => [id, facts]));
      return sink.process(
        batch.map((item) => withMetadataOf(item, stored.get(item.id))),
        signal,
      );
    },
  };
}

function withMetadataOf(item: Item<Row>, stored: ImageFacts | undefined): Item<Row> {
  if (stored === undefined) return item;
  const own = item.facts.metadata;
  const { picture } = splitMetadata(item.facts);
  const given = withoutLabels(own);
  const labels = Object.fromEntries(Object.entries(own).filter(([key]) => !(key in given)));
  const metadata = markDamage({ ...picture, ...withoutLabels(splitMetadata(stored).given), ...labels }, isMarkedDamaged(own));
  return { ...item, facts: { ...item.facts, metadata, metadataHash: stored.metadataHash } };
}
