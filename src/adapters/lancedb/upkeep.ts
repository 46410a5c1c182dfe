/** What keeps a table fast and small: merging small files, indexes, removing old versions. */
import type { Table } from "@lancedb/lancedb";
import { HeadraceError } from "../../contracts/index.js";
import type { TableFacts } from "./table-schema.js";
import type { Vendor } from "./vendor.js";

/** How long a reader may stay on the version that it began with; files of older versions are removed. */
export const keepVersionsMs = 10 * 60_000;

/** From here on look-ups by key and by content are faster with an index. */
export const scalarIndexRows = 10_000;

/** From here on "auto" builds a vector index; below, an exact search takes less than about 20 ms. */
export const vectorIndexRows = 50_000;

const scalarColumns = ["id", "content"] as const;
const indexKinds = ["auto", "none", "ivf_flat", "ivf_pq", "ivf_hnsw_sq"] as const;
export type IndexKind = (typeof indexKinds)[number];

/** Throws `config_invalid` for an index that LanceDB does not have. */
export function indexKind(name: string): IndexKind {
  const kind = indexKinds.find((candidate) => candidate === name.toLowerCase());
  if (kind !== undefined) return kind;
  throw new HeadraceError("config_invalid", `index: expected one of ${indexKinds.join(", ")}, found ${JSON.stringify(name).slice(0, 60)}`);
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
  const wished = indexKind(facts.index);
  if (wished === "none" || indexed.has("vector") || rows < (wished === "auto" ? vectorIndexRows : 256)) return;
  await mayGoOn();
  await table.createIndex("vector", { config: vectorIndex(vendor, wished === "auto" ? "ivf_pq" : wished, facts, rows) });
}

/** Kind of the vector index in place, in lower case; "none" means exact search. */
export async function vectorIndexOf(table: Table): Promise<string> {
  const found = (await table.listIndices()).find((index) => index.columns.includes("vector"));
  return found === undefined ? "none" : found.indexType.replace(/([a-z])([A-Z])/g, "$1_$2").toLowerCase();
}

function vectorIndex({ lancedb }: Vendor, kind: Exclude<IndexKind, "auto" | "none">, { metric, dimension }: TableFacts, rows: number) {
  const options = { distanceType: distanceOf(metric), numPartitions: Math.max(1, Math.round(Math.sqrt(rows))) };
  switch (kind) {
    case "ivf_flat":
      return lancedb.Index.ivfFlat(options);
    case "ivf_pq":
      return lancedb.Index.ivfPq({ ...options, numSubVectors: subVectors(dimension) });
    case "ivf_hnsw_sq":
      return lancedb.Index.hnswSq({ ...options, numPartitions: Math.max(1, Math.round(rows / 1_000_000)) });
    default:
      throw kind satisfies never;
  }
}

/** LanceDB's name of a metric. */
export function distanceOf(metric: TableFacts["metric"]): "cosine" | "dot" | "l2" {
  return metric === "ip" ? "dot" : metric;
}

/** The largest divisor that leaves at least eight numbers to a code of one byte. */
function subVectors(dimension: number): number {
  for (let parts = Math.floor(dimension / 8); parts > 1; parts -= 1) if (dimension % parts === 0) return parts;
  return 1;
}
