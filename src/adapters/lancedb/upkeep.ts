/** What keeps a table fast and small: merging small files, indexes, removing old versions. */
import type { Table } from "@lancedb/lancedb";
import { HeadraceError } from "../../contracts/index.js";
import type { TableFacts } from "./table-schema.js";
import type { Vendor } from "./vendor.js";

/** How long a reader may stay on the version that it began with; files of older versions are removed. */
export const keepVersionsMs = 10 * 60_000;

/** From here on look-ups by key and by content are faster with an index. */
export const scalarIndexRows = 10_000;

/** From here on "auto" builds a vector index: 50,000 rows of 512 numbers took 185 ms a query without, 9 with it, and 2 s to build. */
export const vectorIndexRows = 20_000;

/** Rows of one partition of a vector index, about. */
const partitionRows = 4096;

const scalarColumns = ["id", "content"] as const;
const indexKinds = ["auto", "none", "ivf_flat", "ivf_rq"] as const;
export type IndexKind = (typeof indexKinds)[number];

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

/** Says when small files are worth merging: after 100 writes, then whenever their number has doubled. */
export class TidySchedule {
  #writes = 0;
  #next = 100;

  get writes(): number {
    return this.#writes;
  }

  /** Counts a write; true when it is time to tidy. */
  wrote(): boolean {
    this.#writes += 1;
    if (this.#writes < this.#next) return false;
    this.#next = this.#writes * 2;
    return true;
  }
}

/** Merges small files, brings indexes up to date, removes versions that are older than `keepMs`. */
export async function tidy(table: Table, keepMs: number): Promise<void> {
  await table.optimize({ cleanupOlderThan: new Date(Date.now() - keepMs) });
}

/** Builds the indexes that the table has grown into. `mayGoOn` is asked before each: an index can take minutes. */
export async function buildIndexes(vendor: Vendor, table: Table, facts: TableFacts, mayGoOn: () => Promise<void>): Promise<void> {
  const rows = await table.countRows();
  const indexed = new Set((await table.listIndices()).flatMap((index) => index.columns));
  for (const column of scalarColumns) {
    if (rows < scalarIndexRows || indexed.has(column)) continue;
    await mayGoOn();
    await table.createIndex(column, { config: vendor.lancedb.Index.btree() });
  }
  const kind = wantedVectorIndex(facts, rows);
  if (kind === null || indexed.has("vector")) return;
  await mayGoOn();
  await table.createIndex("vector", { config: vectorIndex(vendor, kind, facts, rows) });
}

/** Kind of the vector index in place, in lower case; "none" means exact search. */
export async function vectorIndexOf(table: Table): Promise<string> {
  const found = (await table.listIndices()).find((index) => index.columns.includes("vector"));
  return found === undefined ? "none" : found.indexType.replace(/([a-z])([A-Z])/g, "$1_$2").toLowerCase();
}

type BuiltIndex = Exclude<IndexKind, "auto" | "none">;

/** LanceDB trains an index on 256 rows at least. */
function wantedVectorIndex({ index, dimension }: TableFacts, rows: number): BuiltIndex | null {
  const kind = indexKind(index, dimension);
  if (kind === "none" || rows < 256) return null;
  if (kind !== "auto") return kind;
  return rows >= vectorIndexRows && isQuantizable(dimension) ? "ivf_rq" : null;
}

/**
 * Four bits a number found all of the ten nearest of 50,000 rows, embeddings and noise alike; one bit found 58 % in noise. Product
 * quantization and HNSW found less there, and took 6 to 100 times as long to build.
 */
function vectorIndex({ lancedb }: Vendor, kind: BuiltIndex, { metric }: TableFacts, rows: number) {
  const numPartitions = Math.max(1, Math.round(rows / partitionRows));
  const options = { distanceType: distanceOf(metric), numPartitions, maxIterations: 10, sampleRate: 64 };
  switch (kind) {
    case "ivf_flat":
      return lancedb.Index.ivfFlat(options);
    case "ivf_rq":
      return lancedb.Index.ivfRq({ ...options, numBits: 4 });
    default:
      throw kind satisfies never;
  }
}

function isQuantizable(dimension: number): boolean {
  return dimension % 8 === 0;
}

/** LanceDB's name of a metric. */
export function distanceOf(metric: TableFacts["metric"]): "cosine" | "dot" | "l2" {
  return metric === "ip" ? "dot" : metric;
}
