/** `searchImages`, `searchText` and `searchMany`: search one collection for images, texts, vectors, stored ids, or mixtures of these. */

import { type Chain, decodePixels } from "../../chain/index.js";
import { type Collection, HeadraceError, type Hit, type Key, type Pixels, type TextEmbedder } from "../../contracts/index.js";
import { type PlainQuery, type Query, search } from "../../operations/index.js";
import type { ImageInput } from "../../sources/index.js";
import { refuseUnknownOptions } from "../collections/call-options.js";
import { defaultCollection } from "../collections/declared.js";
import { withCollection } from "../collections/named-collection.js";
import { useImage } from "../runs/read-image.js";
import type { UrlBytes } from "../runs/url-bytes.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";

/** A query for one thing: an image, a text, a vector of the collection's dimension, or the id of a stored row. */
export type SingleQuery =
  | ImageInput
  | Float32Array
  | { readonly vector: readonly number[] | Float32Array }
  | { readonly id: Key }
  | { readonly text: string };

/** One part of a mixed query. */
export interface MixedTerm {
  readonly query: SingleQuery;
  /** How much the term counts. A negative weight looks for images that are less like the query. Default 1. */
  readonly weight?: number;
}

/** A query for one thing, or for a weighted sum: `{ mix: [{ query: "cat.jpg" }, { query: { text: "sofa" }, weight: 0.5 }] }`. */
export type SearchQuery = SingleQuery | { readonly mix: readonly MixedTerm[] };

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
  /**
   * A metadata key, or a built-in column such as `source`. Of all rows with the same value, only the nearest is a hit, and rows without a value
   * are none. `topK` is then the number of groups, at most 100. Default: every row can be a hit.
   */
  readonly groupBy?: string;
  /** The metadata keys that hits contain. Hits always contain the id, the score and all built-in columns. Default: all keys. */
  readonly outputFields?: readonly string[];
  /** Limits that images behind URLs share with those of other calls. Default: none but `preprocess.max_file_mb`. */
  readonly urlBytes?: UrlBytes;
  readonly signal?: AbortSignal;
}

const optionNames = {
  collectionName: true,
  topK: true,
  minScore: true,
  filter: true,
  groupBy: true,
  outputFields: true,
  urlBytes: true,
  signal: true,
} as const satisfies Record<keyof SearchOptions, true>;

/** Returns one list of hits per query, in the order of the queries. */
export async function searchAll(
  parts: PipelineParts,
  queries: readonly SearchQuery[],
  options: SearchOptions,
): Promise<readonly (readonly Hit[])[]> {
  refuseUnknownOptions("search", options, optionNames);
  const { topK, minScore, filter, groupBy, outputFields, urlBytes, signal = new AbortController().signal } = options;
  return withCollection(parts, options.collectionName ?? defaultCollection(parts.settings), "read", async (collection) => {
    const chain = async (): Promise<Chain> => {
      const opened = await parts.chain(signal);
      await parts.passports.check(collection, opened, "read", signal);
      return opened;
    };
    const texts = async (): Promise<TextEmbedder> => {
      checkLengths(collection, await chain());
      const embedder = await parts.textEmbedder(signal);
      await parts.passports.checkText(collection, embedder, signal);
      return embedder;
    };
    // The bytes of an image are given up as soon as it is decoded. So an image holds no memory while it waits for the others of its query.
    const reading = new AbortController();
    const whileNeeded = AbortSignal.any([signal, reading.signal]);
    const decoded = (input: ImageInput): Promise<Pixels> =>
      useImage(parts, input, { urlBytes, signal: whileNeeded }, async (image) => {
        const opened = await chain();
        return parts.openCalls.during(() => decodePixels(opened, image, whileNeeded));
      });
    const asked = await Promise.all(queries.map((query) => toQuery(query, decoded))).finally(() => {
      // If one image fails, nobody needs the others.
      reading.abort();
    });
    // From here on, nothing waits for a web server that an image of the query may come from.
    const found = await parts.openCalls.during(() =>
      search({
        collection,
        chain,
        texts,
        queries: asked,
        signal,
        ...(topK === undefined ? {} : { topK }),
        ...(minScore === undefined ? {} : { minScore }),
        ...(filter === undefined ? {} : { filter }),
        ...(groupBy === undefined ? {} : { groupBy }),
      }),
    );
    return outputFields === undefined ? found : found.map((hits) => hits.map((hit) => withFields(hit, outputFields)));
  });
}

type Decode = (input: ImageInput) => Promise<Pixels>;

async function toQuery(query: SearchQuery, decoded: Decode): Promise<Query> {
  if (typeof query !== "object" || !("mix" in query)) return toPlainQuery(query, decoded);
  if (query.mix.length === 0) throw new HeadraceError("query_invalid", "mixed query: expected at least one term, found none");
  const terms = query.mix.map(async ({ query: inner, weight = 1 }) => ({ query: await toPlainQuery(inner, decoded), weight }));
  return { kind: "mix", terms: await Promise.all(terms) };
}

async function toPlainQuery(query: SingleQuery, decoded: Decode): Promise<PlainQuery> {
  if (query instanceof Float32Array) return { kind: "vector", vector: query };
  if (typeof query === "object" && "vector" in query) return { kind: "vector", vector: Float32Array.from(query.vector) };
  if (typeof query === "object" && "id" in query) return { kind: "id", id: query.id };
  if (typeof query === "object" && "text" in query) return { kind: "text", text: query.text };
  return { kind: "image", pixels: await decoded(query) };
}

/** Vectors of texts have length 1. With the metric l2, the vectors of images must have length 1 too. */
function checkLengths({ metric, name }: Collection, { normalize }: Chain): void {
  if (metric !== "l2" || normalize === "l2") return;
  throw new HeadraceError(
    "query_invalid",
    `search in ${name}: expected vectors of length 1 for a text and the metric l2, found embedder.normalize false`,
    {
      hint: "Use a collection with the metric cosine or ip, or one that was made with `embedder.normalize: true`.",
    },
  );
}

function withFields(hit: Hit, fields: readonly string[]): Hit {
  const metadata = Object.fromEntries(Object.entries(hit.facts.metadata).filter(([key]) => fields.includes(key)));
  return { ...hit, facts: { ...hit.facts, metadata } };
}
