/** Skips what the collection already holds, before a byte is read. */
import type { Collection, ImageFacts, ImageRef, Item, Key, KnownRow, Result, Row, Stage, StoredRow } from "../contracts/index.js";
import { advance, checkKey, checkMetadata, metadataHash, resultFor } from "../kit/index.js";

/** Skipped with this reason: key, version and metadata are stored as they are now. */
export const knownReason = "known";

/** What a listing says of an image that a row can be compared with. */
export interface ListedMarks {
  /** Null when it cannot be trusted. */
  readonly version: string | null;
  /** Null when the listing knows no metadata. */
  readonly metadataHash: string | null;
}

/**
 * Checks keys and metadata, and looks the keys up. Changed metadata alone travels on with the stored vector; a changed image whose listing
 * knows no metadata travels on with the stored metadata. "omit": nothing is looked up.
 */
export function knownStage(collection: Collection, lookups: "include" | "omit"): Stage<ImageRef, ImageRef> {
  return {
    name: "known",
    async process(batch, signal) {
      const found = lookups === "include" ? await collection.known(idsOf(batch), signal) : new Map<Key, KnownRow>();
      const relabelled = batch.filter((item) => isRelabelled(marksOf(item), found.get(item.id)));
      const labelled = batch.filter((item) => isLabelledInStore(marksOf(item), found.get(item.id)));
      const vectors = await rowsOf(collection, relabelled, "include", signal);
      const labels = await rowsOf(collection, labelled, "omit", signal);
      return batch.map((each) =>
        resultFor(each, (item) => {
          checkKey(item.id, collection.idType);
          checkMetadata(item.facts.metadata, item.facts.source);
          if (isKnown(marksOf(item), found.get(item.id))) return { kind: "skip", seq: item.seq, reason: knownReason };
          return travelOn(item, vectors.get(item.id), labels.get(item.id));
        }),
      );
    },
  };
}

/** Whether the row is the image as it is listed: nothing is to be written. */
export function isKnown(listed: ListedMarks, row: KnownRow | undefined): row is KnownRow {
  return hasVersion(listed, row) && (listed.metadataHash === null || listed.metadataHash === row.metadataHash);
}

function travelOn(item: Item<ImageRef>, relabelled: StoredRow | undefined, labelled: StoredRow | undefined): Result<ImageRef> {
  if (relabelled?.vector) return { kind: "bypass", item: relabel(item, relabelled.facts, relabelled.vector) };
  return {
    kind: "ok",
    item: labelled === undefined ? item : advance(item, item.value, item.bytes, keepLabels(item.facts, labelled.facts)),
  };
}

function marksOf({ value, facts }: Item<ImageRef>): ListedMarks {
  return { version: value.version, metadataHash: value.metadata === null ? null : facts.metadataHash };
}

function hasVersion({ version }: ListedMarks, row: KnownRow | undefined): row is KnownRow {
  return row !== undefined && version !== null && version === row.version;
}

function isRelabelled(listed: ListedMarks, row: KnownRow | undefined): boolean {
  return hasVersion(listed, row) && !isKnown(listed, row);
}

function isLabelledInStore(listed: ListedMarks, row: KnownRow | undefined): boolean {
  return listed.metadataHash === null && row !== undefined && row.metadataHash !== unlabelled && !hasVersion(listed, row);
}

/** The fingerprint of a row without metadata. */
const unlabelled = metadataHash({});

async function rowsOf(
  collection: Collection,
  items: readonly Item<ImageRef>[],
  vectors: "include" | "omit",
  signal: AbortSignal,
): Promise<ReadonlyMap<Key, StoredRow>> {
  if (items.length === 0) return new Map();
  const rows = await collection.get(idsOf(items), { vectors, signal });
  return new Map(rows.map((row) => [row.id, row]));
}

function idsOf(items: readonly Item<ImageRef>[]): readonly Key[] {
  return items.map((item) => item.id);
}

function relabel(item: Item<ImageRef>, { content, width, height }: ImageFacts, vector: Float32Array): Item<Row> {
  return advance(item, { vector }, vector.byteLength, { ...item.facts, content, width, height });
}

function keepLabels(facts: ImageFacts, { metadata, metadataHash }: ImageFacts): ImageFacts {
  return { ...facts, metadata, metadataHash };
}
