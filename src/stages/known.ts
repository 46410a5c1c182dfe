/** Skips what the collection already holds, before a byte is read. */
import type { Collection, ImageRef, Item, Key, KnownRow, Result, Row, Stage, StoredRow } from "../contracts/index.js";
import { advance, answerFor, checkMetadata } from "../kit/index.js";

/** Skipped with this reason: key, version and metadata are stored as they are now. */
export const knownReason = "known";

/** Looks the ids up; changed metadata alone travels on with the stored vector. "omit" checks the metadata alone. */
export function knownStage(collection: Collection, lookups: "include" | "omit"): Stage<ImageRef, ImageRef> {
  return {
    name: "known",
    async process(batch, signal) {
      const found = lookups === "include" ? await collection.known(idsOf(batch), signal) : new Map<Key, KnownRow>();
      const relabelled = batch.filter((item) => isRelabelled(item, found.get(item.id)));
      const stored = await rowsOf(collection, relabelled, signal);
      return batch.map((each) => answerFor(each, (item) => answer(item, found.get(item.id), stored.get(item.id))));
    },
  };
}

function answer(item: Item<ImageRef>, known: KnownRow | undefined, row: StoredRow | undefined): Result<ImageRef> {
  checkMetadata(item.facts.metadata, item.facts.source);
  if (row?.vector) return { kind: "bypass", item: relabel(item, row, row.vector) };
  if (isUnchanged(item, known)) return { kind: "skip", seq: item.seq, reason: knownReason };
  return { kind: "ok", item };
}

function idsOf(items: readonly Item<ImageRef>[]): readonly Key[] {
  return items.map((item) => item.id);
}

function hasVersion(item: Item<ImageRef>, known: KnownRow | undefined): known is KnownRow {
  return known !== undefined && item.value.version !== null && item.value.version === known.version;
}

function isUnchanged(item: Item<ImageRef>, known: KnownRow | undefined): boolean {
  return hasVersion(item, known) && item.facts.metadataHash === known.metadataHash;
}

function isRelabelled(item: Item<ImageRef>, known: KnownRow | undefined): boolean {
  return hasVersion(item, known) && item.facts.metadataHash !== known.metadataHash;
}

async function rowsOf(collection: Collection, items: readonly Item<ImageRef>[], signal: AbortSignal): Promise<Map<unknown, StoredRow>> {
  if (items.length === 0) return new Map();
  const rows = await collection.get(idsOf(items), { vectors: "include", signal });
  return new Map(rows.map((row) => [row.id, row]));
}

function relabel(item: Item<ImageRef>, row: StoredRow, vector: Float32Array): Item<Row> {
  const { content, width, height } = row.facts;
  return advance(item, { vector }, vector.byteLength, { ...item.facts, content, width, height });
}
