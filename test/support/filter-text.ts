/** A filter's tree as text, for tests to name it by and to parse it again. */
import type { Filter, MetadataValue } from "../../src/contracts/index.js";

/** `parseFilter(printFilter(f))` is `f` again. */
export function printFilter(filter: Filter): string {
  switch (filter.kind) {
    case "compare":
      return `${filter.key} ${filter.operator} ${printValue(filter.value)}`;
    case "in":
      return `${filter.key} in [${filter.values.map(printValue).join(", ")}]`;
    case "startsWith":
      return `startsWith(${filter.key}, ${printValue(filter.prefix)})`;
    case "contains":
      return `contains(${filter.key}, ${printValue(filter.text)})`;
    case "exists":
      return `exists(${filter.key})`;
    case "and":
      return filter.all.map(printOperand).join(" and ");
    case "or":
      return filter.any.map(printOperand).join(" or ");
    case "not":
      return `not ${printOperand(filter.filter)}`;
    default:
      return filter satisfies never;
  }
}

function printOperand(filter: Filter): string {
  return filter.kind === "and" || filter.kind === "or" ? `(${printFilter(filter)})` : printFilter(filter);
}

function printValue(value: MetadataValue): string {
  return Object.is(value, -0) ? "-0" : JSON.stringify(value);
}
