/** Checks filter trees, defines their limits, and lists their keys. */
import { type Comparison, type Filter, HeadraceError, type MetadataValue } from "../contracts/index.js";
import { isWellFormed } from "../kit/index.js";

/** Limits that protect a store from malicious filters. A chain of 700 comparisons makes LanceDB crash the whole process. */
export const filterLimits = {
  /** Maximum number of characters of a filter. */
  maxChars: 100_000,
  /** Maximum nesting of `not`, `and`, `or` and parentheses. */
  maxDepth: 16,
  /** Maximum number of comparisons, `in`, `startsWith`, `contains` and `exists` together. */
  maxTerms: 256,
  /** Maximum number of values in all comparisons and lists together. */
  maxValues: 10_000,
} as const;

export const comparisons: ReadonlySet<string> = new Set<Comparison>(["==", "!=", "<", "<=", ">", ">="]);

const keyPattern = /^[a-z_][a-z0-9_]{0,62}$/;

/** Returns true if a filter may contain the key. Valid keys are metadata keys and all built-in columns except `vector`. */
export function isFilterKey(key: string): boolean {
  return keyPattern.test(key) && key !== "vector";
}

/**
 * Checks a filter tree. The caller may have built the tree without `parseFilter`, so every store calls `checkFilter` before it compiles a
 * filter. Throws `filter_invalid`.
 */
export function checkFilter(filter: Filter): void {
  const used = { terms: 0, values: 0 };
  check(filter, 1, used);
}

/** Returns the keys that occur in a filter. */
export function filterKeys(filter: Filter): ReadonlySet<string> {
  switch (filter.kind) {
    case "and":
      return new Set(filter.all.flatMap((part) => [...filterKeys(part)]));
    case "or":
      return new Set(filter.any.flatMap((part) => [...filterKeys(part)]));
    case "not":
      return filterKeys(filter.filter);
    default:
      return new Set([filter.key]);
  }
}

/** Returns the keys of a filter with the values that each is compared with, term by term. */
export function filterTerms(filter: Filter): readonly { readonly key: string; readonly values: readonly MetadataValue[] }[] {
  if (filter.kind === "and" || filter.kind === "or" || filter.kind === "not") return operandsOf(filter).flatMap(filterTerms);
  return [{ key: filter.key, values: valuesOf(filter) }];
}

/**
 * Creates the error for the `default` case of a switch over the kinds of a filter. If a kind is added to `Filter`, TypeScript reports every
 * switch that does not handle the new kind.
 */
export function unknownKind(filter: never): HeadraceError {
  return invalid(`filter: expected a known kind, found ${JSON.stringify(filter)?.slice(0, 60)}`);
}

function check(filter: Filter, depth: number, used: { terms: number; values: number }): void {
  if (depth > filterLimits.maxDepth) throw invalid(`filter: expected at most ${filterLimits.maxDepth} levels, found more`);
  const operands = operandsOf(filter);
  if (operands.length === 0) throw invalid("filter: expected at least one operand of `and` and `or`, found none");
  for (const operand of operands) {
    if (operand.kind === "and" || operand.kind === "or" || operand.kind === "not") check(operand, depth + 1, used);
    else checkTerm(operand.key, valuesOf(operand), used);
  }
}

/** Returns the operands of `and`, `or` and `not`. For any other filter, returns the filter itself. */
function operandsOf(filter: Filter): readonly Filter[] {
  switch (filter.kind) {
    case "and":
      return filter.all;
    case "or":
      return filter.any;
    case "not":
      return [filter.filter];
    default:
      return [filter];
  }
}

function valuesOf(term: Exclude<Filter, { kind: "and" | "or" | "not" }>): readonly MetadataValue[] {
  switch (term.kind) {
    case "compare":
      if (!comparisons.has(term.operator))
        throw invalid(`filter: expected one of ${[...comparisons].join(" ")}, found ${String(term.operator).slice(0, 20)}`);
      return [term.value];
    case "in":
      return term.values;
    case "startsWith":
      return [term.prefix];
    case "contains":
      return [term.text];
    case "exists":
      return [];
    default:
      throw unknownKind(term);
  }
}

function checkTerm(key: string, values: readonly MetadataValue[], used: { terms: number; values: number }): void {
  if (!isFilterKey(key)) throw invalid(`filter: expected a key such as "year", found ${JSON.stringify(key).slice(0, 80)}`);
  used.terms += 1;
  if (used.terms > filterLimits.maxTerms) throw invalid(`filter: expected at most ${filterLimits.maxTerms} comparisons, found more`);
  used.values += values.length;
  if (used.values > filterLimits.maxValues) throw invalid(`filter: expected at most ${filterLimits.maxValues} values, found more`);
  for (const value of values) checkValue(value);
}

function checkValue(value: MetadataValue): void {
  if (typeof value === "string" && isWellFormed(value)) return;
  if (typeof value === "boolean" || Number.isFinite(value)) return;
  throw invalid(`filter: expected text, a finite number, true or false, found ${String(value).slice(0, 60)}`);
}

function invalid(message: string): HeadraceError {
  return new HeadraceError("filter_invalid", message);
}
