/** Builds a LanceDB query for the rows that are nearest to a vector. */
import type { Table, VectorQuery } from "@lancedb/lancedb";
import type { TableFacts } from "./table-schema.js";
import { distanceOf } from "./vector-index.js";

export interface IndexReading {
  /** Number of partitions of the index that are read. Rows that are not indexed are always read. */
  readonly probes: number;
  /** Exact distances are computed for this many candidates per hit. */
  readonly refine: number;
}

export interface Nearest {
  readonly query: Float32Array;
  readonly limit: number;
  /** "exact": compares the query with every row, without the index. */
  readonly way: "exact" | IndexReading;
}

export function vectorQuery(table: Table, { metric }: TableFacts, { query, limit, way }: Nearest): VectorQuery {
  const asked = table.vectorSearch(query).column("vector").distanceType(distanceOf(metric)).limit(limit);
  return way === "exact" ? asked.bypassVectorIndex() : asked.nprobes(way.probes).refineFactor(way.refine);
}
