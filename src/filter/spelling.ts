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
    case "compare":
      return { ...term, value: valueAsStored(term.value) };
    case "in":
      return { ...term, values: term.values.map(valueAsStored) };
    case "startsWith":
      return { ...term, prefix: fileUriAsWritten(term.prefix) };
    case "exists":
      return term;
    default:
      return term satisfies never;
  }
}

function valueAsStored(value: MetadataValue): MetadataValue {
  return typeof value === "string" ? fileUriAsWritten(value) : value;
}
