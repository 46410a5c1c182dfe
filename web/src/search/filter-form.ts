/** Reads the text of a filter back into the conditions of the form, as far as the form can show them. */
import type { Metadata } from "../service/types.js";
import { type Condition, type FilterForm, filterText, type Operator } from "./filter-text.js";

/** Returns null for a filter that the form cannot show, or would write with another meaning. */
export function filterFormOf(text: string, sampled: readonly Metadata[]): FilterForm | null {
  for (const join of ["and", "or"] as const) {
    const conditions = partsOf(text.trim(), ` ${join} `).map(conditionOf);
    if (!conditions.every((each) => each !== null)) continue;
    const form = { join, conditions };
    if (filterText(form, sampled) === text.trim()) return form;
  }
  return null;
}

/** Splits outside of quotes. */
function partsOf(text: string, separator: string): readonly string[] {
  const parts: string[] = [];
  let from = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at += 1) {
    if (isQuoted && text[at] === "\\") at += 1;
    else if (text[at] === '"') isQuoted = !isQuoted;
    else if (!isQuoted && text.startsWith(separator, at)) {
      parts.push(text.slice(from, at));
      from = at + separator.length;
    }
  }
  return [...parts, text.slice(from)];
}

function conditionOf(text: string): Condition | null {
  const exists = /^exists\((\w+)\)$/.exec(text);
  if (exists !== null) return { key: exists[1]!, operator: "exists", value: "" };
  const starts = /^startsWith\((\w+), (".*")\)$/.exec(text);
  if (starts !== null) return withValue(starts[1]!, "startsWith", literalOf(starts[2]!));
  const list = /^(\w+) in \[(.*)\]$/.exec(text);
  if (list !== null) {
    const values = partsOf(list[2]!, ", ").map(literalOf);
    return values.every((value) => value !== null) ? withValue(list[1]!, "in", values.join(", ")) : null;
  }
  const compared = /^(\w+) (==|!=|<=|>=|<|>) (.+)$/.exec(text);
  return compared === null ? null : withValue(compared[1]!, compared[2] as Operator, literalOf(compared[3]!));
}

const withValue = (key: string, operator: Operator, value: string | null): Condition | null =>
  value === null ? null : { key, operator, value };

/** null: neither a text in quotes, nor a number, nor a truth value. */
function literalOf(text: string): string | null {
  if (/^(-?\d+(\.\d+)?|true|false)$/.test(text)) return text;
  if (!/^"([^"\\]|\\.)*"$/.test(text)) return null;
  try {
    return String(JSON.parse(text));
  } catch {
    return null;
  }
}
