/** Metadata of any row as one text: JSON, and a mark for the numbers that JSON lacks. */
import type { Metadata } from "../../contracts/index.js";

/** Numbers that JSON turns into others. */
const odd = new Map<string, number>([
  ["-0", -0],
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
]);

export function metadataText(metadata: Metadata): string {
  return JSON.stringify(metadata, (_, value: unknown) => {
    const name = [...odd].find(([, number]) => Object.is(number, value))?.[0];
    if (name !== undefined) return { $number: name };
    return typeof value === "bigint" ? { $number: String(value) } : value;
  });
}

/** Throws a `SyntaxError` if the text is not JSON. */
export function parseMetadataText(text: string): Metadata {
  return JSON.parse(text, (_, value: unknown) => {
    const name = typeof value === "object" && value !== null ? (value as { readonly $number?: string }).$number : undefined;
    return name === undefined ? value : (odd.get(name) ?? Number(name));
  }) as Metadata;
}
