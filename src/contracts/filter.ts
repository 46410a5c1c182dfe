/** A filter as a tree. The text of a filter is parsed once. Each store compiles the tree into its own query language. */
import type { MetadataValue } from "./payloads.js";

/** An operator that compares a column with a value. */
export type Comparison = "==" | "!=" | "<" | "<=" | ">" | ">=";

/**
 * A condition on the columns of a row. Every comparison is either true or false; there is no "unknown" as in SQL. A comparison is false
 * when the row has no value for the key. A comparison is also false when the value in the row has another type.
 */
export type Filter =
  | { readonly kind: "compare"; readonly key: string; readonly operator: Comparison; readonly value: MetadataValue }
  | { readonly kind: "in"; readonly key: string; readonly values: readonly MetadataValue[] }
  | { readonly kind: "startsWith"; readonly key: string; readonly prefix: string }
  /** The text contains this text. Upper and lower case of the letters A to Z are equal, all other characters are compared exactly. */
  | { readonly kind: "contains"; readonly key: string; readonly text: string }
  | { readonly kind: "exists"; readonly key: string }
  | { readonly kind: "and"; readonly all: readonly Filter[] }
  | { readonly kind: "or"; readonly any: readonly Filter[] }
  | { readonly kind: "not"; readonly filter: Filter };
