/** Lets filters name sources as people write them: a path stands for the URI that rows have. */
import type { Filter, MetadataValue } from "../contracts/index.js";
import { fileUriAsWritten } from "../kit/index.js";

/** The same filter with the values of `source` as rows spell them: `/home/me/sub dir` becomes `file:///home/me/sub%20dir`. */
export function asStored(filter: Filter): Filter {
  switch (filter.kind) {
    case "and":
      return { ...filter, all: filter.all.map(asStored) };
    case "or":
      return { ...filter, any: filter.any.map(asStored) };
    case "not":
      return { ...filter, filter: asStored(filter.filter) };
    default:
      return filter.key === "source" ? termAsStored(filter) : filter;
  }
}

function termAsStored(term: Exclude<Filter, { kind: "and" | "or" | "not" }>): Filter {
  switch (term.kind) {
    case "compare": {
      const values = spellingsOf(term.value);
      const isEquality = term.operator === "==" || term.operator === "!=";
      if (values.length === 1 || !isEquality) return { ...term, value: values.at(-1)! };
      const either: Filter = { kind: "in", key: term.key, values };
      return term.operator === "==" ? either : { kind: "not", filter: either };
    }
    case "in":
      return { ...term, values: term.values.flatMap(spellingsOf) };
    case "startsWith": {
      const prefixes = spellingsOf(term.prefix).map((prefix) => ({ ...term, prefix: String(prefix) }));
      return prefixes.length === 1 ? prefixes[0]! : { kind: "or", any: prefixes };
    }
    case "exists":
      return term;
    default:
      return term satisfies never;
  }
}

/** A path has one spelling in rows. A URL may be meant as it is written, too: rows that were imported keep what their file says. */
function spellingsOf(value: MetadataValue): readonly MetadataValue[] {
  if (typeof value !== "string") return [value];
  const stored = fileUriAsWritten(value);
  const isUrl = /^file:/i.test(value);
  return stored === value || !isUrl ? [stored] : [value, stored];
}
