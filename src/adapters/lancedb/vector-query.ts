/** Builds a LanceDB query for the rows that are nearest to a vector. */
import type { Table, VectorQuery } from "@lancedb/lancedb";
import type { TableFacts } from "./table-schema.js";
import { distanceOf } from "./vector-index.js";

/** A search with the index computes exact distances for this many candidates per hit. */
const refineFactor = 4;

export interface Nearest {
  readonly query: Float32Array;
  readonly limit: number;
  /** "exact": compares the query with every row. `probes`: reads this many partitions of the index, and all rows that are not indexed. */
  readonly way: "exact" | { readonly probes: number };
}

export function vectorQuery(table: Table, { metric }: TableFacts, { query, limit, way }: Nearest): VectorQuery {
  const asked = table.vectorSearch(query).column("vector").distanceType(distanceOf(metric)).limit(limit);
  return way === "exact" ? asked.bypassVectorIndex() : asked.nprobes(way.probes).refineFactor(refineFactor);
}
