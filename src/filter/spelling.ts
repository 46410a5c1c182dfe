/** Converts file paths in a filter to URIs, because the `source` column of a row contains a URI. */
import type { Filter, MetadataValue } from "../contracts/index.js";
import { fileUriAsWritten } from "../kit/index.js";

/** Converts the values that a filter compares with `source` to URIs: `/home/me/sub dir` becomes `file:///home/me/sub%20dir`. */
export function normalizeSources(filter: Filter): Filter {
  switch (filter.kind) {
    case "and":
      return { ...filter, all: filter.all.map(normalizeSources) };
    case "or":
      return { ...filter, any: filter.any.map(normalizeSources) };
    case "not":
      return { ...filter, filter: normalizeSources(filter.filter) };
    default:
      return filter.key === "source" ? normalizeTerm(filter) : filter;
  }
}

function normalizeTerm(term: Exclude<Filter, { kind: "and" | "or" | "not" }>): Filter {
  switch (term.kind) {
    case "compare": {
      const values = storedSpellings(term.value);
      const isEquality = term.operator === "==" || term.operator === "!=";
      if (values.length === 1 || !isEquality) return { ...term, value: values.at(-1)! };
      const either: Filter = { kind: "in", key: term.key, values };
      return term.operator === "==" ? either : { kind: "not", filter: either };
    }
    case "in":
      return { ...term, values: term.values.flatMap(storedSpellings) };
    case "startsWith": {
      const prefixes = storedSpellings(term.prefix).map((prefix) => ({ ...term, prefix: String(prefix) }));
      return prefixes.length === 1 ? prefixes[0]! : { kind: "or", any: prefixes };
    }
    case "contains":
    case "exists":
      return term;
    default:
      return term satisfies never;
  }
}

/**
 * Returns the texts that a row can contain for a value of the filter. For a path, this is one URI. For a `file:` URL, it is also the URL as
 * the filter spells it, because imported rows can have URLs that are not canonical.
 */
function storedSpellings(value: MetadataValue): readonly MetadataValue[] {
  if (typeof value !== "string") return [value];
  const stored = fileUriAsWritten(value);
  const isUrl = /^file:/i.test(value);
  return stored === value || !isUrl ? [stored] : [value, stored];
}
