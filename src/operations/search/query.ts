/** What a search looks for: an image, a text, a vector, a stored row, or a weighted sum of these. */
import type { Key, Pixels } from "../../contracts/index.js";

/** A query with one vector. The search returns rows with similar vectors. */
export type PlainQuery =
  | { readonly kind: "image"; readonly pixels: Pixels }
  /** `vector` has as many numbers as the dimension of the collection. */
  | { readonly kind: "vector"; readonly vector: Float32Array }
  | { readonly kind: "id"; readonly id: Key }
  | { readonly kind: "text"; readonly text: string };

/** One part of a mixed query. A negative weight looks for rows that are less like it. */
export interface Term {
  readonly query: PlainQuery;
  readonly weight: number;
}

export type Query = PlainQuery | { readonly kind: "mix"; readonly terms: readonly Term[] };
