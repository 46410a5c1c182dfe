/** The schema of a Parquet file as a tree: its top-level columns, and what is below each. */
import type { SchemaElement } from "hyparquet";

/** A top-level column. `element`: as it is in the schema. `below`: the elements below it. */
export type TopElement = SchemaElement & { readonly element: SchemaElement; readonly below: readonly SchemaElement[] };

/** Returns the top-level columns, each with the elements below it. */
export function topLevel(schema: readonly SchemaElement[]): readonly TopElement[] {
  const found: TopElement[] = [];
  for (let at = 1; at < schema.length; at = afterSubtree(schema, at)) {
    const element = schema[at]!;
    found.push({ ...element, element, below: schema.slice(at + 1, afterSubtree(schema, at)) });
  }
  return found;
}

function afterSubtree(schema: readonly SchemaElement[], at: number): number {
  let left = schema[at]!.num_children ?? 0;
  let next = at + 1;
  for (; left > 0; left -= 1) next = afterSubtree(schema, next);
  return next;
}
