/** What may be said of a filter as a tree: its limits, its check, its keys. */
import { type Comparison, type Filter, HeadraceError, type MetadataValue } from "../contracts/index.js";
import { isWellFormed } from "../kit/index.js";

/** Bounds that keep hostile filters from hurting a store: LanceDB ends the whole process on a chain of 700 comparisons. */
export const filterLimits = {
  /** Characters of the text. */
  maxChars: 100_000,
  /** Levels of `not`, `and`, `or` inside each other, parentheses included. */
  maxDepth: 16,
  /** Comparisons, `in`, `startsWith` and `exists` together. */
  maxTerms: 256,
  /** Values to compare with, those of all lists together. */
  maxValues: 10_000,
} as const;

/** The operators of comparisons. */
export const comparisons: ReadonlySet<string> = new Set<Comparison>(["==", "!=", "<", "<=", ">", ">="]);

const keyPattern = /^[a-z_][a-z0-9_]{0,62}$/;

/** True for what can be a filter's key: a built-in column other than `vector`, or a metadata key. */
export function isFilterKey(key: string): boolean {
  return keyPattern.test(key) && key !== "vector";
}

/** Throws `filter_invalid` for a tree that the parser could not have made: every store calls it before it compiles. */
export function checkFilter(filter: Filter): void {
  const used = { terms: 0, values: 0 };
  check(filter, 1, used);
}

/** The keys that it names. */
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

/** For the `default` of a switch over the kinds: the compiler lists the places that a new kind touches. */
export function unknownKind(filter: never): HeadraceError {
  return invalid(`expected a filter, found ${JSON.stringify(filter)?.slice(0, 60)}`);
}

function check(filter: Filter, depth: number, used: { terms: number; values: number }): void {
  if (depth > filterLimits.maxDepth) throw invalid(`expected at most ${filterLimits.maxDepth} levels, found more`);
  const operands = operandsOf(filter);
  if (operands.length === 0) throw invalid("expected at least one operand of `and` and `or`, found none");
  for (const operand of operands) {
    if (operand.kind === "and" || operand.kind === "or" || operand.kind === "not") check(operand, depth + 1, used);
    else checkTerm(operand.key, valuesOf(operand), used);
  }
}

/** What stands below `and`, `or`, `not`; a term stands for itself. */
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
        throw invalid(`expected one of ${[...comparisons].join(" ")}, found ${String(term.operator).slice(0, 20)}`);
      return [term.value];
    case "in":
      return term.values;
    case "startsWith":
      return [term.prefix];
    case "exists":
      return [];
    default:
      throw unknownKind(term);
  }
}

function checkTerm(key: string, values: readonly MetadataValue[], used: { terms: number; values: number }): void {
  if (!isFilterKey(key)) throw invalid(`expected a key such as "year", found ${JSON.stringify(key).slice(0, 80)}`);
  used.terms += 1;
  if (used.terms > filterLimits.maxTerms) throw invalid(`expected at most ${filterLimits.maxTerms} comparisons, found more`);
  used.values += values.length;
  if (used.values > filterLimits.maxValues) throw invalid(`expected at most ${filterLimits.maxValues} values, found more`);
  for (const value of values) checkValue(value);
}

function checkValue(value: MetadataValue): void {
  if (typeof value === "string" && isWellFormed(value)) return;
  if (typeof value === "boolean" || Number.isFinite(value)) return;
  throw invalid(`expected text, a finite number, true or false, found ${String(value).slice(0, 60)}`);
}

function invalid(message: string): HeadraceError {
  return new HeadraceError("filter_invalid", message);
}
