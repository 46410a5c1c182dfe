/** What a table has become: its files, its versions, and how far its indexes reach. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Table } from "@lancedb/lancedb";

export interface IndexState {
  /** Rows that came after the index: LanceDB looks through them one by one. */
  readonly unindexedRows: number;
  /** Parts that a search visits one after the other: each update of the index adds one. */
  readonly parts: number;
}

export interface TableState {
  readonly rows: number;
  /** Files of rows that can still be merged. */
  readonly smallFragments: number;
  /** Rows of the largest one. */
  readonly largestFragment: number;
  /** Versions whose time has passed, counted as far as it matters: see `oldVersions`. */
  readonly oldVersions: "few" | "many";
  /** By column. */
  readonly indexes: ReadonlyMap<string, IndexState>;
}

/** So many versions are worth a tidying, once their time has passed. */
const manyVersions = 128;

/** Reads a table's state; `folder` holds its files, and versions older than `keepVersionsMs` are due to go. A few milliseconds. */
export async function tableState(table: Table, folder: string, keepVersionsMs: number): Promise<TableState> {
  const { numRows, fragmentStats } = await table.stats();
  return {
    rows: numRows,
    smallFragments: fragmentStats.numSmallFragments,
    largestFragment: fragmentStats.lengths.max,
    oldVersions: await oldVersions(folder, keepVersionsMs),
    indexes: await indexStates(table),
  };
}

export async function indexStates(table: Table): Promise<ReadonlyMap<string, IndexState>> {
  const found = new Map<string, IndexState>();
  for (const { name, columns } of await table.listIndices()) {
    const stats = await table.indexStats(name);
    if (stats === undefined) continue;
    for (const column of columns) found.set(column, { unindexedRows: stats.numUnindexedRows, parts: stats.numIndices ?? 1 });
  }
  return found;
}

/** True when the table's folder holds a version of it: a creation that was cut off leaves a folder without. */
export async function hasVersion(folder: string): Promise<boolean> {
  return (await manifests(folder)).length > 0;
}

async function oldVersions(folder: string, keepVersionsMs: number): Promise<TableState["oldVersions"]> {
  // LanceDB counts down in the names: the last is the oldest. One look at a file tells of all that are older.
  const oldest = (await manifests(folder)).sort().at(-manyVersions);
  if (oldest === undefined) return "few";
  const { mtimeMs } = await stat(join(folder, "_versions", oldest));
  return Date.now() - mtimeMs > keepVersionsMs ? "many" : "few";
}

async function manifests(folder: string): Promise<string[]> {
  try {
    return (await readdir(join(folder, "_versions"))).filter((file) => file.endsWith(".manifest"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
