/** Finds the vectors of queries. Images and texts are embedded, and the vectors of stored rows are read. */
import { type Chain, vectorAt, vectorize } from "../../chain/index.js";
import { type Collection, HeadraceError, type Key, type TextEmbedder } from "../../contracts/index.js";
import { mixVectors } from "./mix.js";
import type { PlainQuery, Query } from "./query.js";

export interface QueryContext {
  readonly collection: Collection;
  /** Opens the model and the preprocessing that made the vectors of the collection. Called only if a query has an image. */
  readonly chain: (signal: AbortSignal) => Promise<Chain>;
  /** Opens the model for texts. Called only if a query has a text. */
  readonly texts: (signal: AbortSignal) => Promise<TextEmbedder>;
  readonly signal: AbortSignal;
}

/** Returns one vector per query. All images are embedded together, and all texts. */
export async function vectorsOf(queries: readonly Query[], context: QueryContext): Promise<readonly Float32Array[]> {
  const plain = queries.flatMap((query) => (query.kind === "mix" ? query.terms.map((term) => term.query) : [query]));
  const vectors = await plainVectors(plain, context);
  let next = 0;
  return queries.map((query) => {
    if (query.kind !== "mix") return vectors[next++]!;
    checkMetric(context.collection, vectors.slice(next, next + query.terms.length));
    return mixVectors(query.terms.map(({ weight }) => ({ weight, vector: vectors[next++]! })));
  });
}

async function plainVectors(queries: readonly PlainQuery[], context: QueryContext): Promise<readonly Float32Array[]> {
  const { collection, chain, texts, signal } = context;
  const images = queries.flatMap((query) => (query.kind === "image" ? [query.pixels] : []));
  const words = queries.flatMap((query) => (query.kind === "text" ? [query.text] : []));
  const stored = await storedVectors(queries, context);
  const ofImages = images.length === 0 ? [] : await vectorize(await chain(signal), images, signal);
  const ofTexts = words.length === 0 ? null : await (await texts(signal)).embedText(words, signal);
  let [image, word] = [0, 0];
  return queries.map((query) => {
    switch (query.kind) {
      case "image":
        return ofImages[image++]!;
      case "text":
        return vectorAt(ofTexts!, word++);
      case "id":
        return vectorOfId(stored, query.id, collection.name);
      case "vector":
        return checkedVector(query.vector, collection);
      default:
        return query satisfies never;
    }
  });
}

async function storedVectors(
  queries: readonly PlainQuery[],
  { collection, signal }: QueryContext,
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

/** A mixed vector has length 1. With the metric l2, lengths count, so the vectors of the collection must have length 1 too. */
function checkMetric({ metric, name }: Collection, vectors: readonly Float32Array[]): void {
  if (metric !== "l2" || vectors.every((vector) => Math.abs(Math.hypot(...vector) - 1) < 0.01)) return;
  throw new HeadraceError(
    "query_invalid",
    `search in ${name}: expected vectors of length 1 for a mixed query with the metric l2, found others`,
    {
      hint: "Use a collection with the metric cosine or ip, or one that was made with `embedder.normalize: true`.",
    },
  );
}
