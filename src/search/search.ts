/** Searches a collection. A query image is embedded with the same steps as in a run. For a query id, the stored vector is used. */

import { type Chain, vectorize } from "../chain/index.js";
import { type Collection, type Encoded, type Filter, HeadraceError, type Hit, type Key } from "../contracts/index.js";
import { parseFilter } from "../filter/index.js";

/** A query: an image, a vector, or the id of a stored row. The search returns rows with similar vectors. */
export type Query =
  | { readonly kind: "image"; readonly image: Encoded }
  /** `vector` has as many numbers as the dimension of the collection. */
  | { readonly kind: "vector"; readonly vector: Float32Array }
  | { readonly kind: "id"; readonly id: Key };

export interface SearchRequest {
  readonly collection: Collection;
  /** Opens the model and the preprocessing that made the vectors of the collection. Called only if a query is an image. */
  readonly chain: (signal: AbortSignal) => Promise<Chain>;
  readonly queries: readonly Query[];
  /** Maximum number of hits per query, from 1 to 1000. Default 10. */
  readonly topK?: number;
  /** Hits with a lower score are left out. Default: no minimum. */
  readonly minScore?: number;
  /** A filter in the filter language. Only matching rows can be hits. Default: all rows. */
  readonly filter?: string;
  readonly signal: AbortSignal;
}

/** Returns one list of hits per query. The best hit comes first. Throws `query_invalid` or `filter_invalid`. */
export async function search(request: SearchRequest): Promise<readonly (readonly Hit[])[]> {
  const { collection, topK = 10, minScore, signal } = request;
  if (!Number.isInteger(topK) || topK < 1 || topK > 1000) {
    throw new HeadraceError("query_invalid", `search, topK: expected a whole number from 1 to 1000, found ${topK}`, {
      hint: "Ask for 1 to 1000 hits.",
    });
  }
  if (Number.isNaN(minScore)) throw new HeadraceError("query_invalid", "search, minScore: expected a number, found NaN");
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
    throw new HeadraceError("query_invalid", `search in ${collection}: expected the id of a stored row, found ${id}`, { item: String(id) });
  return vector;
}

function checkedVector(vector: Float32Array, { dimension, name }: Collection): Float32Array {
  if (vector.length === dimension && vector.every(Number.isFinite)) return vector;
  const found = vector.length === dimension ? "some that are not finite" : `${vector.length}`;
  throw new HeadraceError("query_invalid", `search in ${name}: expected a vector of ${dimension} finite numbers, found ${found}`);
}
