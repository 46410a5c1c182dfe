/** `searchImages` and `searchMany`: search one collection for images, vectors or stored ids. */

import type { Chain } from "../chain/index.js";
import type { Hit, Key } from "../contracts/index.js";
import { filterKeys, parseFilter } from "../filter/index.js";
import { type Query, search } from "../search/index.js";
import { refuseUnknownOptions } from "./call-options.js";
import { withCollection } from "./collections/named-collection.js";
import { defaultCollection } from "./ingest-images.js";
import type { ImageInput } from "./inputs/inputs.js";
import { readImage } from "./inputs/one-image.js";
import type { PipelineParts } from "./wiring/pipeline-parts.js";

/** A query: an image, a vector of the collection's dimension, or the id of a stored row. */
export type SearchQuery = ImageInput | Float32Array | { readonly vector: readonly number[] | Float32Array } | { readonly id: Key };

/** Where to search, and which hits to return. */
export interface SearchOptions {
  /** Name of the collection. Default: `milvus.collection_name`, otherwise "images". */
  readonly collectionName?: string;
  /** Maximum number of hits per query, from 1 to 1000. Default 10. */
  readonly topK?: number;
  /** Leaves out hits with a lower score. The score is a cosine, an inner product, or a negative squared distance. Default: no minimum. */
  readonly minScore?: number;
  /** A filter that the hits must match, in the filter language. Default: all rows. */
  readonly filter?: string;
  /** The metadata keys that hits contain. Hits always contain the id, the score and all built-in columns. Default: all keys. */
  readonly outputFields?: readonly string[];
  readonly signal?: AbortSignal;
}

const optionNames = {
  collectionName: true,
  topK: true,
  minScore: true,
  filter: true,
  outputFields: true,
  signal: true,
} as const satisfies Record<keyof SearchOptions, true>;

/** Returns one list of hits per query, in the order of the queries. */
export async function searchAll(
  parts: PipelineParts,
  queries: readonly SearchQuery[],
  options: SearchOptions,
): Promise<readonly (readonly Hit[])[]> {
  refuseUnknownOptions("search", options, optionNames);
  const { topK, minScore, filter, outputFields, signal = new AbortController().signal } = options;
  return withCollection(parts, options.collectionName ?? defaultCollection(parts.settings), "read", async (collection) => {
    const chain = async (): Promise<Chain> => {
      const opened = await parts.chain(signal);
      await parts.passports.check(collection, opened, "read", signal);
      return opened;
    };
    const asked = await Promise.all(queries.map((query) => toQuery(parts, query, signal)));
    const found = await search({
      collection,
      chain,
      queries: asked,
      signal,
      ...(topK === undefined ? {} : { topK }),
      ...(minScore === undefined ? {} : { minScore }),
      ...(filter === undefined ? {} : { filter }),
    });
    return outputFields === undefined ? found : found.map((hits) => hits.map((hit) => withFields(hit, outputFields)));
  });
}

/** Returns the metadata keys in a filter that no row has. Throws `filter_invalid`. */
export function keysOfNoRow(parts: PipelineParts, collectionName: string, filter: string): Promise<readonly string[]> {
  return withCollection(parts, collectionName, "read", async (collection) => {
    const keys = [...filterKeys(parseFilter(filter))];
    const counts = await Promise.all(keys.map((key) => collection.count({ kind: "exists", key })));
    return keys.filter((_, index) => counts[index] === 0);
  });
}

async function toQuery(parts: PipelineParts, query: SearchQuery, signal: AbortSignal): Promise<Query> {
  if (query instanceof Float32Array) return { kind: "vector", vector: query };
  if (typeof query === "object" && "vector" in query) return { kind: "vector", vector: Float32Array.from(query.vector) };
  if (typeof query === "object" && "id" in query) return { kind: "id", id: query.id };
  return { kind: "image", image: await readImage(parts, query, signal) };
}

function withFields(hit: Hit, fields: readonly string[]): Hit {
  const metadata = Object.fromEntries(Object.entries(hit.facts.metadata).filter(([key]) => fields.includes(key)));
  return { ...hit, facts: { ...hit.facts, metadata } };
}
