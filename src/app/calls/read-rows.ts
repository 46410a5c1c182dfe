/** Counts and streams stored rows. */
import type { Key, StoredRow } from "../../contracts/index.js";
import { parseFilter } from "../../filter/index.js";
import { askCollection, openNamed, withCollection } from "../collections/named-collection.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";

/** Which rows to stream, and whether with their vectors. */
export interface ScanOptions {
  readonly vectors: "include" | "omit";
  /** Default: all rows. */
  readonly filter?: string;
  readonly signal?: AbortSignal;
}

/** Counts how many of the ids are stored. */
export function countIds(parts: PipelineParts, name: string, ids: readonly Key[]): Promise<number> {
  const { signal } = new AbortController();
  return withCollection(parts, name, "read", async (collection) => (await collection.known(ids, signal)).size);
}

/** Returns those of the ids that are not stored, in the given order. */
export function unknownIds(parts: PipelineParts, name: string, ids: readonly Key[]): Promise<readonly Key[]> {
  const { signal } = new AbortController();
  return withCollection(parts, name, "read", async (collection) => {
    const known = new Set([...(await collection.known(ids, signal)).keys()].map(String));
    return ids.filter((id) => !known.has(String(id)));
  });
}

/** Returns the rows with these ids, without their vectors. Ids without a row are missing in the result. */
export function rowsById(parts: PipelineParts, name: string, ids: readonly Key[]): Promise<readonly StoredRow[]> {
  return askCollection(parts, name, (collection) => collection.get(ids, { vectors: "omit" }));
}

/** Counts all rows, or the rows that match a filter. Throws `filter_invalid`. */
export async function countRows(parts: PipelineParts, name: string, filter: string | undefined): Promise<number> {
  const tree = filter === undefined ? undefined : parseFilter(filter);
  return askCollection(parts, name, (collection) => collection.count(tree));
}

/** Streams all rows, or the rows that match a filter, in batches. Throws `collection_not_found` and `filter_invalid`. */
export async function* scanRows(parts: PipelineParts, name: string, options: ScanOptions): AsyncGenerator<readonly StoredRow[]> {
  const { filter, ...rest } = options;
  const tree = filter === undefined ? {} : { filter: parseFilter(filter) };
  const collection = await openNamed(parts, { collection: name }, "read");
  try {
    yield* collection.scan({ ...rest, ...tree });
  } finally {
    await collection.close();
  }
}
