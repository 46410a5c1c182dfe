/**
 * If the collection has a row whose image has the same bytes, uses the vector of that row. Paths and versions may differ. A vector that cannot be
 * right is not used.
 */
import type { Collection, Encoded, Filter, Item, Metadata, Result, Stage, StoredContent } from "../contracts/index.js";
import { advance, damagedKey, markDamage, metadataBytes, vectorProblem, withPictureMetadata } from "../kit/index.js";

/** Whether rows of damaged images may be used. They were stored by a run that keeps such images. */
export type DamagedImages = "refuse" | "keep";

/** `describe`: reads the metadata that a file contains. Absent: it is not wanted. */
export function contentStage(
  collection: Collection,
  damaged: DamagedImages,
  describe?: (image: Encoded) => Metadata,
): Stage<Encoded, Encoded> {
  return {
    name: "content",
    async process(batch, signal) {
      const fingerprints = [...new Set(batch.map((item) => item.facts.content))];
      const found = await collection.byContent(fingerprints, signal);
      const marked = await markedContents(collection, [...found.keys()], signal);
      return batch.map((item) => {
        const { content } = item.facts;
        const isDamaged = marked.has(content);
        const stored = isDamaged && damaged === "refuse" ? undefined : found.get(content);
        return stored === undefined || vectorProblem(stored.vector, collection.dimension) !== null
          ? { kind: "ok", item }
          : reuse(item, stored, isDamaged, item.value.pictureMetadata ?? describe?.(item.value));
      });
    },
  };
}

function reuse(
  item: Item<Encoded>,
  { vector, width, height }: StoredContent,
  isDamaged: boolean,
  picture: Metadata | undefined,
): Result<Encoded> {
  const { facts } = item;
  const metadata = markDamage(picture === undefined ? facts.metadata : withPictureMetadata(facts, picture), isDamaged);
  return {
    kind: "bypass",
    item: advance(item, { vector }, vector.byteLength + metadataBytes(metadata), { ...facts, metadata, width, height }),
  };
}

/** Returns those of the contents whose rows have the mark of a damaged image. */
async function markedContents(collection: Collection, contents: readonly string[], signal: AbortSignal): Promise<ReadonlySet<string>> {
  const marked = new Set<string>();
  if (contents.length === 0) return marked;
  const isMarked: Filter = { kind: "compare", key: damagedKey, operator: "==", value: true };
  const filter: Filter = { kind: "and", all: [isMarked, { kind: "in", key: "content", values: contents }] };
  for await (const rows of collection.scan({ filter, vectors: "omit", signal })) for (const { facts } of rows) marked.add(facts.content);
  return marked;
}
