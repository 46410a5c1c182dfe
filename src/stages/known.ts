/** Skips images that are already in the collection and unchanged, before the bytes of the images are read. */
import type {
  Collection,
  ImageFacts,
  ImageRef,
  Item,
  Key,
  KnownRow,
  LookedUpRef,
  Result,
  Row,
  Stage,
  StoredRow,
} from "../contracts/index.js";
import {
  advance,
  checkKey,
  checkMetadata,
  isMarkedDamaged,
  isVectorVersion,
  markDamage,
  metadataBytes,
  metadataHash,
  resultFor,
  splitMetadata,
  withoutLabels,
  withPictureMetadata,
} from "../kit/index.js";

/** What the listing knows about an image, to compare it with the stored row. */
export interface ListedFacts {
  /** Null: the listing does not know the version, or the version is not reliable. */
  readonly version: string | null;
  /** Null: the listing has no metadata. */
  readonly metadataHash: string | null;
}

/**
 * Checks the keys and the metadata of images, and looks up the keys in the collection. If only the metadata of an image has changed, the
 * stored vector is used and the image is not embedded. If the image has changed and the listing has no metadata, the stored metadata is
 * kept. `lookups` "omit": no key is looked up.
 */
export function knownStage(collection: Collection, lookups: "include" | "omit"): Stage<ImageRef, LookedUpRef> {
  return {
    name: "known",
    async process(batch, signal) {
      const found = lookups === "include" ? await collection.known(idsOf(batch), signal, listedVersions(batch)) : new Map<Key, KnownRow>();
      const vectorKeepers = batch.filter((item) => hasOnlyNewMetadata(listedFacts(item), found.get(item.id)));
      const metadataKeepers = batch.filter((item) => keepsStoredMetadata(listedFacts(item), found.get(item.id)));
      const storedVectors = await rowsOf(collection, vectorKeepers, "include", signal);
      const storedMetadata = await rowsOf(collection, metadataKeepers, "omit", signal);
      return batch.map((each) =>
        resultFor(each, (item) => {
          checkKey(item.id, collection.idType);
          checkMetadata(item.facts.metadata, item.facts.source);
          if (isKnown(listedFacts(item), found.get(item.id))) return { kind: "skip", seq: item.seq, reason: "known" };
          return passOn(item, found.get(item.id), storedVectors.get(item.id), storedMetadata.get(item.id));
        }),
      );
    },
  };
}

/** Returns true if the row is up to date with the listed image, so that no row must be written. */
export function isKnown(listed: ListedFacts, row: KnownRow | undefined): row is KnownRow {
  return hasVersion(listed, row) && (listed.metadataHash === null || listed.metadataHash === row.metadataHash);
}

function passOn(
  item: Item<ImageRef>,
  row: KnownRow | undefined,
  vectorRow: StoredRow | undefined,
  metadataRow: StoredRow | undefined,
): Result<LookedUpRef> {
  const facts: ImageFacts = { ...item.facts, before: row === undefined ? "absent" : "stored" };
  if (vectorRow?.vector) return { kind: "bypass", item: withVector(item, facts, vectorRow.facts, vectorRow.vector) };
  const storedVersion = versionToCompare(listedFacts(item), row);
  const value = storedVersion === null ? item.value : { ...item.value, storedVersion };
  return { kind: "ok", item: advance(item, value, item.bytes, metadataRow === undefined ? facts : withMetadata(facts, metadataRow.facts)) };
}

/** The version that the reader compares with the source. Null: the image must be read. */
function versionToCompare({ version, metadataHash }: ListedFacts, row: KnownRow | undefined): string | null {
  if (version !== null || row === undefined || row.version === "" || isVectorVersion(row.version)) return null;
  return metadataHash === null || metadataHash === row.metadataHash ? row.version : null;
}

function listedFacts({ value, facts }: Item<ImageRef>): ListedFacts {
  return { version: value.version, metadataHash: value.metadata === null ? null : facts.metadataHash };
}

function hasVersion({ version }: ListedFacts, row: KnownRow | undefined): row is KnownRow {
  return row !== undefined && version !== null && version === row.version;
}

function hasOnlyNewMetadata(listed: ListedFacts, row: KnownRow | undefined): boolean {
  return hasVersion(listed, row) && !isKnown(listed, row);
}

function keepsStoredMetadata(listed: ListedFacts, row: KnownRow | undefined): boolean {
  return listed.metadataHash === null && row !== undefined && row.metadataHash !== emptyMetadataHash && !hasVersion(listed, row);
}

const emptyMetadataHash = metadataHash({});

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

function listedVersions(items: readonly Item<ImageRef>[]): ReadonlyMap<Key, string> {
  return new Map(items.flatMap(({ id, value: { version } }) => (version === null ? [] : [[id, version] as const])));
}

function idsOf(items: readonly Item<ImageRef>[]): readonly Key[] {
  return items.map((item) => item.id);
}

function withVector(item: Item<ImageRef>, facts: ImageFacts, stored: ImageFacts, vector: Float32Array): Item<Row> {
  const { content, width, height } = stored;
  const metadata = markDamage(withPictureMetadata(facts, splitMetadata(stored).picture), isMarkedDamaged(stored.metadata));
  return advance(item, { vector }, vector.byteLength + metadataBytes(metadata), { ...facts, metadata, content, width, height });
}

function withMetadata(facts: ImageFacts, stored: ImageFacts): ImageFacts {
  // The labels of the old image, and what its file contained, say nothing about the new one.
  return { ...facts, metadata: withoutLabels(splitMetadata(stored).given), metadataHash: stored.metadataHash };
}
