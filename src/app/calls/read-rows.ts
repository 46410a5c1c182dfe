/** Counts, streams and pages stored rows. */
import { HeadraceError, type Key, type StoredRow } from "../../contracts/index.js";
import { parseFilter } from "../../filter/index.js";
import { rowPage } from "../../operations/index.js";
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

/** Options of `rows`. */
export interface RowsOptions {
  /** Default "omit": the vectors of the rows are null. */
  readonly vectors?: "include" | "omit";
  readonly signal?: AbortSignal;
}

/** Which page of rows to return. */
export interface RowPageRequest {
  /** The id of the last row of the page before. Default: the first page. */
  readonly after?: Key;
  /** Maximum number of rows, from 1 to 10,000. */
  readonly limit: number;
  /** Default: all rows. */
  readonly filter?: string;
  /** Default "omit": the vectors of the rows are null. With "include", a page has at most a million numbers, and so may have fewer rows. */
  readonly vectors?: "include" | "omit";
  readonly signal?: AbortSignal;
}

/** A page of rows. */
export interface RowPage {
  readonly rows: readonly StoredRow[];
  /** `after` for the next page. null: there are no more rows. */
  readonly next: Key | null;
}

const maxPageRows = 10_000;
const maxPageNumbers = 1_000_000;

/** Returns the rows with these ids. Ids without a row are missing in the result. */
export function rowsById(
  parts: PipelineParts,
  name: string,
  ids: readonly Key[],
  { vectors = "omit", ...options }: RowsOptions,
): Promise<readonly StoredRow[]> {
  return askCollection(parts, name, (collection) => collection.get(ids, { vectors, ...options }));
}

/** Returns the rows after `after` in the order of their ids. Throws `filter_invalid` and `usage_invalid`. */
export async function pageOfRows(parts: PipelineParts, name: string, request: RowPageRequest): Promise<RowPage> {
  const { after = null, limit, filter, vectors = "omit", signal } = request;
  if (!Number.isInteger(limit) || limit < 1 || limit > maxPageRows) {
    throw new HeadraceError("usage_invalid", `page of ${name}, limit: expected a whole number from 1 to ${maxPageRows}, found ${limit}`);
  }
  const tree = filter === undefined ? {} : { filter: parseFilter(filter) };
  return askCollection(parts, name, async (collection) => {
    const most = vectors === "omit" ? limit : Math.max(1, Math.min(limit, Math.floor(maxPageNumbers / collection.dimension)));
    // One row more says whether there is a next page.
    const found = await rowPage(collection, { after, limit: most + 1, vectors, ...tree, ...(signal === undefined ? {} : { signal }) });
    const rows = found.slice(0, most);
    return { rows, next: found.length > most ? (rows.at(-1)?.id ?? null) : null };
  });
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
