/** From queries to hits: images are embedded as in a run, stored ids give their own vectors. */

import { type Chain, vectorize } from "../chain/index.js";
import { type Collection, type Encoded, type Filter, HeadraceError, type Hit, type Key } from "../contracts/index.js";
import { parseFilter } from "../filter/index.js";

/** What is searched for. */
export type Query =
  | { readonly kind: "image"; readonly image: Encoded }
  /** As many numbers as the collection's dimension. */
  | { readonly kind: "vector"; readonly vector: Float32Array }
  | { readonly kind: "id"; readonly id: Key };

export interface SearchRequest {
  readonly collection: Collection;
  /** The chain that made the collection; asked for only when a query is an image. */
  readonly chain: (signal: AbortSignal) => Promise<Chain>;
  readonly queries: readonly Query[];
  /** 1 to 1000. Default 10. */
  readonly topK?: number;
  /** Hits with a lower score are left out. Default: none is. */
  readonly minScore?: number;
  /** In the language of filters. Default: every row. */
  readonly filter?: string;
  readonly signal: AbortSignal;
}

/** One list of hits for each query, best first. Throws `query_invalid`, `filter_invalid`. */
export async function search(request: SearchRequest): Promise<readonly (readonly Hit[])[]> {
  const { collection, topK = 10, minScore, signal } = request;
  if (!Number.isInteger(topK) || topK < 1 || topK > 1000) {
    throw new HeadraceError("query_invalid", `Expected a whole number from 1 to 1000 for topK but received ${topK}.`, {
      hint: "Ask for 1 to 1000 hits.",
    });
  }
  if (Number.isNaN(minScore)) throw new HeadraceError("query_invalid", "Expected a number for minScore but received NaN.");
  const filter: Filter | null = request.filter === undefined ? null : parseFilter(request.filter);
  const vectors = await vectorsOf(request);
  return collection.search(vectors, {
    topK,
    signal,
    ...(minScore === undefined ? {} : { minScore }),
    ...(filter === null ? {} : { filter }),
  });
}

async function vectorsOf({ collection, chain, queries, signal }: SearchRequest): Promise<readonly Float32Array[]> {
  const images = queries.flatMap((query) => (query.kind === "image" ? [query.image] : []));
  const embedded = images.length === 0 ? [] : await vectorize(await chain(signal), images, signal);
  const stored = await storedVectors(collection, queries, signal);
  let image = 0;
  return queries.map((query) => {
    if (query.kind === "image") return embedded[image++] ?? new Float32Array();
    return query.kind === "id" ? vectorOfId(stored, query.id, collection.name) : checkedVector(query.vector, collection);
  });
}

async function storedVectors(
  collection: Collection,
  queries: readonly Query[],
  signal: AbortSignal,
): Promise<ReadonlyMap<Key, Float32Array>> {
  const ids = queries.flatMap((query) => (query.kind === "id" ? [query.id] : []));
  if (ids.length === 0) return new Map();
  const rows = await collection.get(ids, { vectors: "include", signal });
  return new Map(rows.flatMap(({ id, vector }) => (vector === null ? [] : [[id, vector] as const])));
}

function vectorOfId(stored: ReadonlyMap<Key, Float32Array>, id: Key, collection: string): Float32Array {
  const vector = stored.get(id);
  if (vector === undefined)
    throw new HeadraceError("query_invalid", `Collection ${collection} has no row with id ${id}.`, { item: String(id) });
  return vector;
}

function checkedVector(vector: Float32Array, { dimension, name }: Collection): Float32Array {
  if (vector.length === dimension && vector.every(Number.isFinite)) return vector;
  const found = vector.length === dimension ? "some that are not finite" : `${vector.length}`;
  throw new HeadraceError("query_invalid", `Expected ${dimension} finite numbers for a query of collection ${name} but received ${found}.`);
}
