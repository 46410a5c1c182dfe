/** Builds a LanceDB query for the rows that are nearest to a vector. */
import type { Table, VectorQuery } from "@lancedb/lancedb";
import type { TableFacts } from "../table/table-schema.js";
import { distanceOf } from "./vector-index.js";

export interface IndexReading {
  /** Number of partitions of the index that are read. */
  readonly probes: number;
  /** Exact distances are computed for this many candidates per hit. */
  readonly refine: number;
}

export interface Nearest {
  readonly query: Float32Array;
  readonly limit: number;
  /** "exact": compares the query with every row, without the index. */
  readonly way: "exact" | IndexReading;
  /** "indexed": leaves out the rows that are not in the index. Default "all". */
  readonly rows?: "all" | "indexed";
}

export function vectorQuery(table: Table, { metric }: TableFacts, { query, limit, way, rows }: Nearest): VectorQuery {
  const asked = table.vectorSearch(query).column("vector").distanceType(distanceOf(metric)).limit(limit);
  if (way === "exact") return asked.bypassVectorIndex();
  const indexed = asked.nprobes(way.probes).refineFactor(way.refine);
  return rows === "indexed" ? indexed.fastSearch() : indexed;
}
