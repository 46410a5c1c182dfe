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
  /** Files of rows that are worth merging. Of those under a vector index one counts for each of its parts, for these stay apart. */
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
  const indexes = await indexStates(table);
  const versions = await manifests(folder);
  const apart = indexes.get("vector")?.parts;
  return {
    rows: numRows,
    smallFragments:
      apart === undefined
        ? fragmentStats.numSmallFragments
        : Math.min(fragmentStats.numSmallFragments, apart + (await versionsSinceIndex(folder, versions))),
    largestFragment: fragmentStats.lengths.max,
    oldVersions: await oldVersions(folder, versions, keepVersionsMs),
    indexes,
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

async function oldVersions(folder: string, versions: readonly string[], keepVersionsMs: number): Promise<TableState["oldVersions"]> {
  // One look at a file tells of all that are older.
  const oldest = versions.at(-manyVersions);
  if (oldest === undefined) return "few";
  return Date.now() - (await versionTime(folder, oldest)) > keepVersionsMs ? "many" : "few";
}

/** How many versions came after the newest index: each has brought a file at most that no index holds apart. */
async function versionsSinceIndex(folder: string, versions: readonly string[]): Promise<number> {
  const builtMs = await newestIndexTime(folder);
  let [newer, older] = [0, versions.length];
  while (newer < older) {
    const middle = Math.floor((newer + older) / 2);
    if ((await versionTime(folder, versions[middle]!)) > builtMs) newer = middle + 1;
    else older = middle;
  }
  return newer;
}

async function newestIndexTime(folder: string): Promise<number> {
  const indexes = join(folder, "_indices");
  const times = (await readdir(indexes)).map(async (name) => (await stat(join(indexes, name))).mtimeMs);
  return Math.max(...(await Promise.all(times)));
}

async function versionTime(folder: string, version: string): Promise<number> {
  return (await stat(join(folder, "_versions", version))).mtimeMs;
}

/** The newest first. */
async function manifests(folder: string): Promise<readonly string[]> {
  try {
    // LanceDB counts down in the names.
    return (await readdir(join(folder, "_versions"))).filter((file) => file.endsWith(".manifest")).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
