/** A filter as a tree: parsed once, compiled by each store. Two-valued: a comparison with an absent key or another type is false. */
import type { MetadataValue } from "./payloads.js";

export type Comparison = "==" | "!=" | "<" | "<=" | ">" | ">=";

export type Filter =
  | { readonly kind: "compare"; readonly key: string; readonly operator: Comparison; readonly value: MetadataValue }
  | { readonly kind: "in"; readonly key: string; readonly values: readonly MetadataValue[] }
  | { readonly kind: "startsWith"; readonly key: string; readonly prefix: string }
  | { readonly kind: "exists"; readonly key: string }
  | { readonly kind: "and"; readonly all: readonly Filter[] }
  | { readonly kind: "or"; readonly any: readonly Filter[] }
  | { readonly kind: "not"; readonly filter: Filter };
