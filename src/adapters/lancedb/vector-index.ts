/** Which vector index a table has, and which one it wants. */
import type { Table } from "@lancedb/lancedb";
import { HeadraceError } from "../../contracts/index.js";
import type { TableFacts } from "./table-schema.js";
import type { Vendor } from "./vendor.js";

/** From here on "auto" builds a vector index: 50,000 rows of 512 numbers took 185 ms a query without, 9 with it, and 2 s to build. */
export const vectorIndexRows = 20_000;

/** LanceDB trains an index on 256 rows at least. */
const trainingRows = 256;

/** Rows of one partition of a vector index, about. */
const partitionRows = 4096;

const indexKinds = ["auto", "none", "ivf_flat", "ivf_rq"] as const;
type IndexKind = (typeof indexKinds)[number];
export type BuiltIndex = Exclude<IndexKind, "auto" | "none">;

/** The kind that a schema asks for. Throws `config_invalid` for one that LanceDB does not have, `config_conflict` for one it cannot build. */
export function indexKind(name: string, dimension: number): IndexKind {
  const kind = indexKinds.find((candidate) => candidate === name.toLowerCase());
  if (kind === undefined) {
    throw new HeadraceError(
      "config_invalid",
      `index: expected one of ${indexKinds.join(", ")}, found ${JSON.stringify(name).slice(0, 60)}`,
    );
  }
  if (kind === "ivf_rq" && !isQuantizable(dimension)) {
    throw new HeadraceError("config_conflict", `index ivf_rq: expected a dimension that 8 divides, found ${dimension}`);
  }
  return kind;
}

/** Kind of the vector index in place, in lower case; "none" means exact search. */
export async function vectorIndexOf(table: Table): Promise<string> {
  const found = (await table.listIndices()).find((index) => index.columns.includes("vector"));
  return found === undefined ? "none" : found.indexType.replace(/([a-z])([A-Z])/g, "$1_$2").toLowerCase();
}

/** The index that a table of so many rows should have; null for none. */
export function wantedVectorIndex({ index, dimension }: TableFacts, rows: number): BuiltIndex | null {
  const kind = indexKind(index, dimension);
  if (kind === "none" || rows < trainingRows) return null;
  if (kind !== "auto") return kind;
  return rows >= vectorIndexRows && isQuantizable(dimension) ? "ivf_rq" : null;
}

/**
 * Builds the index over all rows, in the place of one that is there.
 * Four bits a number found all of the ten nearest of 50,000 rows, embeddings and noise alike; one bit found 58 % in noise. Product
 * quantization and HNSW found less there, and took 6 to 100 times as long to build.
 */
export async function buildVectorIndex({ lancedb }: Vendor, table: Table, { metric }: TableFacts, kind: BuiltIndex, rows: number) {
  const numPartitions = Math.max(1, Math.round(rows / partitionRows));
  const options = { distanceType: distanceOf(metric), numPartitions, maxIterations: 10, sampleRate: 64 };
  const config = kind === "ivf_flat" ? lancedb.Index.ivfFlat(options) : lancedb.Index.ivfRq({ ...options, numBits: 4 });
  await table.createIndex("vector", { config, replace: true });
}

/** LanceDB's name of a metric. */
export function distanceOf(metric: TableFacts["metric"]): "cosine" | "dot" | "l2" {
  return metric === "ip" ? "dot" : metric;
}

function isQuantizable(dimension: number): boolean {
  return dimension % 8 === 0;
}
