/** Finds and deletes the rows of images that are no longer in the source. */
import { type Collection, HeadraceError, type ImageFacts, type Key, type RowBatch, type StoredRow } from "../contracts/index.js";
import { HashTable } from "../kit/index.js";
import { hashOf, type ListedSources } from "./listed-sources.js";

/** The most rows that a call may delete: a number of rows, or a share (0 to 1) of the rows of the source. */
export type DeletionLimit = { readonly rows: number } | { readonly share: number };

/** The rows whose images are gone, as numbers. */
export interface Missing {
  /** Rows of the source, with and without an image. */
  readonly rows: number;
  /** Rows whose image the listing has not named. */
  readonly missing: number;
  /** The part of `missing` whose bytes the run has stored under another name. */
  readonly moved: number;
}

/** The contents that a run has stored under new names without inference. Needs 11 to 16 bytes of memory per image. */
export class Arrivals {
  readonly #contents = new HashTable({ values: 0 });

  add({ content }: Pick<ImageFacts, "content">): void {
    this.#contents.first(hashOf(content), []);
  }

  has({ content }: Pick<ImageFacts, "content">): boolean {
    return this.#contents.get(hashOf(content)) !== null;
  }
}

export async function countMissing(
  collection: Pick<Collection, "scan">,
  listed: ListedSources,
  arrivals: Arrivals,
  signal: AbortSignal,
): Promise<Missing> {
  const counts = { rows: 0, missing: 0, moved: 0 };
  for await (const rows of listed.rowsInScope(collection, { vectors: "omit", signal })) {
    const missing = rows.filter(({ facts }) => listed.isGone(facts));
    counts.rows += rows.length;
    counts.missing += missing.length;
    counts.moved += missing.filter(({ facts }) => arrivals.has(facts)).length;
  }
  return counts;
}

/** Throws `prune_refused` if the source lists no image or cannot be read, or if more rows are missing than the limit allows. */
export function checkPrune({ rows, missing }: Missing, listed: ListedSources, limit: DeletionLimit): void {
  if (listed.count === 0) {
    throw new HeadraceError("prune_refused", "source: expected at least one image, found none, so no row was deleted", {
      hint: "Check that the source is mounted. If it is really empty, delete its rows: headrace delete --filter 'root == \"…\"'.",
    });
  }
  if (!listed.isComplete) {
    throw new HeadraceError("prune_refused", "source: expected names that can be read, found too many that cannot, so no row was deleted", {
      hint: "Fix the permissions first: the rows below a folder that cannot be read must not be deleted.",
    });
  }
  const allowed = "rows" in limit ? limit.rows : Math.floor(limit.share * rows);
  if (missing <= allowed) return;
  const shown = "rows" in limit ? `${limit.rows} rows` : `${Math.round(limit.share * 100)} % of ${rows} rows`;
  throw new HeadraceError("prune_refused", `source: expected at most ${shown} to delete, found ${missing}, so no row was deleted`);
}

const deletedAtOnce = 500;

/**
 * Deletes the rows of missing images, and returns their number. If the same bytes are listed under another name that has no metadata, the
 * metadata of the deleted row moves there first. A call that is killed can be repeated.
 */
export async function prune(collection: Collection, listed: ListedSources, signal: AbortSignal): Promise<number> {
  let deleted = 0;
  let waiting: StoredRow[] = [];
  const flush = async (): Promise<void> => {
    if (waiting.length === 0) return;
    await moveMetadata(collection, listed, waiting, signal);
    deleted += await collection.delete({ ids: waiting.map(({ id }) => id) }, signal);
    waiting = [];
  };
  for await (const rows of listed.rowsInScope(collection, { vectors: "omit", signal })) {
    for (const row of rows) {
      if (!listed.isGone(row.facts)) continue;
      waiting.push(row);
      if (waiting.length >= deletedAtOnce) await flush();
    }
  }
  await flush();
  return deleted;
}

async function moveMetadata(collection: Collection, listed: ListedSources, gone: readonly StoredRow[], signal: AbortSignal): Promise<void> {
  const labelled = new Map(gone.filter(({ facts }) => hasMetadata(facts)).map(({ facts }) => [facts.content, facts]));
  if (labelled.size === 0) return;
  const filter = { kind: "in", key: "content", values: [...labelled.keys()] } as const;
  for await (const rows of collection.scan({ filter, vectors: "include", signal })) {
    const heirs = rows.filter(({ facts }) => !hasMetadata(facts) && listed.has(facts.source));
    if (heirs.length > 0) await collection.upsert(withMetadataOf(labelled, heirs, collection.dimension), signal);
  }
}

function withMetadataOf(labelled: ReadonlyMap<string, ImageFacts>, heirs: readonly StoredRow[], dimension: number): RowBatch {
  const vectors = new Float32Array(heirs.length * dimension);
  heirs.forEach(({ vector }, row) => {
    if (vector !== null) vectors.set(vector, row * dimension);
  });
  const ids: readonly Key[] = heirs.map(({ id }) => id);
  const facts = heirs.map(({ facts: own }) => {
    const { metadata, metadataHash } = labelled.get(own.content) ?? own;
    return { ...own, metadata, metadataHash };
  });
  return { ids, vectors, dimension, facts, ingestedAt: heirs.map(({ ingestedAt }) => ingestedAt) };
}

function hasMetadata({ metadata }: ImageFacts): boolean {
  return Object.values(metadata).some((value) => value !== null);
}
