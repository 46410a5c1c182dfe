/** Explains why a filter matches no row: a key that no row has, or a comparison with a value of another type, which is never true. */
import type { Collection, Filter, MetadataValue } from "../../contracts/index.js";
import { filterKeys, filterTerms, parseFilter } from "../../filter/index.js";
import { askCollection } from "../collections/named-collection.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";

/** The type of a value in a filter, or of the values of a column. */
export type FilterType = "text" | "number" | "boolean";

/** A key whose values have another type than the value that a filter compares them with. */
export interface TypeMismatch {
  readonly key: string;
  /** The type of the values in the collection. */
  readonly stored: FilterType;
  /** The value in the filter. */
  readonly value: MetadataValue;
}

/** Returns the metadata keys in a filter that no row has. Throws `filter_invalid`. */
export function keysOfNoRow(parts: PipelineParts, collectionName: string, filter: string): Promise<readonly string[]> {
  return askCollection(parts, collectionName, async (collection) => {
    const keys = [...filterKeys(parseFilter(filter))];
    const counts = await Promise.all(keys.map((key) => collection.count({ kind: "exists", key })));
    return keys.filter((_, index) => counts[index] === 0);
  });
}

/** Returns the first comparison of each key that cannot be true because of its type. Throws `filter_invalid`. */
export function typeMismatches(parts: PipelineParts, collectionName: string, filter: string): Promise<readonly TypeMismatch[]> {
  return askCollection(parts, collectionName, async (collection) => {
    const found = new Map<string, TypeMismatch>();
    for (const { key, values } of filterTerms(parseFilter(filter))) {
      const [value] = values;
      if (value === undefined || found.has(key)) continue;
      const stored = await otherTypeOf(collection, key, typeof value === "string" ? "text" : (typeof value as FilterType));
      if (stored !== null) found.set(key, { key, stored, value });
    }
    return [...found.values()];
  });
}

/** Returns null if a row has a value of this type, or no value at all. */
async function otherTypeOf(collection: Collection, key: string, type: FilterType): Promise<FilterType | null> {
  if (await hasType(collection, key, type)) return null;
  for (const other of types) if (other !== type && (await hasType(collection, key, other))) return other;
  return null;
}

async function hasType(collection: Collection, key: string, type: FilterType): Promise<boolean> {
  return (await collection.count(anyOf[type](key))) > 0;
}

const types = ["text", "number", "boolean"] as const;

/** Filters that all values of a type match, and no others. */
const anyOf: Readonly<Record<FilterType, (key: string) => Filter>> = {
  text: (key) => ({ kind: "startsWith", key, prefix: "" }),
  number: (key) => ({ kind: "compare", key, operator: ">=", value: -Number.MAX_VALUE }),
  boolean: (key) => ({ kind: "in", key, values: [true, false] }),
};
