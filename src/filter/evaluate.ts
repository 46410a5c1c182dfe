/** Evaluates filters in memory. Tests check that each store returns the same rows as this evaluation. */
import type { Comparison, Filter, MetadataValue, StoredRow } from "../contracts/index.js";
import { unknownKind } from "./tree.js";

/** The value of a column. null and undefined mean "no value". A bigint can be compared with a number. */
export type FieldValue = MetadataValue | bigint | null | undefined;
export type FieldOf = (key: string) => FieldValue;

/**
 * Returns true if a row matches the filter. A comparison is false if the row has no value for the key, or a value of another type. `not`
 * around such a comparison is true.
 */
export function evaluateFilter(filter: Filter, fieldOf: FieldOf): boolean {
  switch (filter.kind) {
    case "compare":
      return compare(fieldOf(filter.key), filter.operator, filter.value);
    case "in": {
      const field = fieldOf(filter.key);
      return filter.values.some((value) => compare(field, "==", value));
    }
    case "startsWith": {
      const field = fieldOf(filter.key);
      return typeof field === "string" && field.startsWith(filter.prefix);
    }
    case "contains": {
      const field = fieldOf(filter.key);
      return typeof field === "string" && asciiLower(field).includes(asciiLower(filter.text));
    }
    case "exists":
      return (fieldOf(filter.key) ?? null) !== null;
    case "and":
      return filter.all.every((operand) => evaluateFilter(operand, fieldOf));
    case "or":
      return filter.any.some((operand) => evaluateFilter(operand, fieldOf));
    case "not":
      return !evaluateFilter(filter.filter, fieldOf);
    default:
      throw unknownKind(filter);
  }
}

/** Changes only A to Z, because stores do not agree on the lower case of other letters. */
export function asciiLower(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** Returns a function that gets the columns of a row by the names that filters use. */
export function fieldsOf(row: StoredRow): FieldOf {
  const { facts } = row;
  const builtIn: Readonly<Record<string, FieldValue>> = {
    id: row.id,
    source: facts.source,
    root: facts.root,
    version: facts.version,
    content: facts.content,
    metadata_hash: facts.metadataHash,
    width: facts.width,
    height: facts.height,
    ingested_at: row.ingestedAt,
  };
  return (key) => (Object.hasOwn(builtIn, key) ? builtIn[key] : Object.hasOwn(facts.metadata, key) ? facts.metadata[key] : null);
}

/**
 * Compares two texts by Unicode code points, which gives the same order as comparing their UTF-8 bytes. JavaScript's `<` compares UTF-16
 * units, so it would put U+FFFD after U+1F600.
 */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += 1) {
    const difference = a.charCodeAt(at) - b.charCodeAt(at);
    if (difference === 0) continue;
    const [left, right] = [isSurrogate(a.charCodeAt(at)), isSurrogate(b.charCodeAt(at))];
    return left === right ? difference : left ? 1 : -1;
  }
  return a.length - b.length;
}

function compare(field: FieldValue, operator: Comparison, value: MetadataValue): boolean {
  const order = orderOf(field, value);
  if (order === null) return false;
  switch (operator) {
    case "==":
      return order === 0;
    case "!=":
      return order !== 0;
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    case ">=":
      return order >= 0;
    default:
      throw unknownKind(operator);
  }
}

/** Returns a negative number if `field` is less than `value`, zero if they are equal, else a positive number. null: the types differ. */
function orderOf(field: FieldValue, value: MetadataValue): number | null {
  if (typeof field === "string" && typeof value === "string") return compareText(field, value);
  if (typeof field === "boolean" && typeof value === "boolean") return Number(field) - Number(value);
  if ((typeof field === "number" || typeof field === "bigint") && typeof value === "number") {
    return field < value ? -1 : field > value ? 1 : 0;
  }
  return null;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}
