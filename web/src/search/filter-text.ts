/** Turns the conditions of the form into a filter of the filter language. */
import type { Metadata } from "../service/types.js";

export const operators = ["==", "!=", "<", "<=", ">", ">=", "startsWith", "in", "exists"] as const;
export type Operator = (typeof operators)[number];

export interface Condition {
  readonly key: string;
  readonly operator: Operator;
  readonly value: string;
}

export interface FilterForm {
  readonly join: "and" | "or";
  readonly conditions: readonly Condition[];
}

/** Leaves out conditions that are not complete. */
export function filterText({ join, conditions }: FilterForm, sampled: readonly Metadata[]): string {
  const complete = conditions.filter(({ key, operator, value }) => key.trim() !== "" && (operator === "exists" || value !== ""));
  return complete.map((condition) => conditionText(condition, sampled)).join(` ${join} `);
}

function conditionText({ key: typed, operator, value }: Condition, sampled: readonly Metadata[]): string {
  const key = typed.trim();
  const isText = isTextKey(key, sampled);
  switch (operator) {
    case "exists":
      return `exists(${key})`;
    case "startsWith":
      return `startsWith(${key}, ${JSON.stringify(value)})`;
    case "in":
      return `${key} in [${value
        .split(",")
        .map((each) => valueText(each.trim(), isText))
        .join(", ")}]`;
    default:
      return `${key} ${operator} ${valueText(value, isText)}`;
  }
}

function valueText(value: string, isText: boolean): string {
  const isPlain = !isText && (/^-?\d+(\.\d+)?$/.test(value) || value === "true" || value === "false");
  return isPlain ? value : JSON.stringify(value);
}

const textColumns = new Set(["id", "source", "root", "version", "content", "metadata_hash"]);

/** A key whose known values are text is compared with text, even if the value looks like a number. */
function isTextKey(key: string, sampled: readonly Metadata[]): boolean {
  if (textColumns.has(key)) return true;
  const known = sampled.map((metadata) => metadata[key]).filter((value) => value !== undefined && value !== null);
  return known.length > 0 && known.every((value) => typeof value === "string");
}

/** The fields that a filter can name: those of the sampled rows first, then the other keys of the collection, then the columns of every collection. */
export function fieldNames(sampled: readonly Metadata[], keys: readonly string[]): readonly string[] {
  return [...new Set([...sampled.flatMap((metadata) => Object.keys(metadata)), ...keys, "source", "id", "width", "height"])];
}

/** Some values of a field, for suggestions. */
export function knownValues(key: string, sampled: readonly Metadata[]): readonly string[] {
  const values = sampled.map((metadata) => metadata[key]).filter((value) => value !== undefined && value !== null);
  return [...new Set(values.map(String))].slice(0, 20);
}
