/** The state of a table: its fragments, its versions, and the coverage of its indexes. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Table } from "@lancedb/lancedb";
import { oldestRead } from "../table/read-marks.js";

export interface IndexState {
  /** Number of rows that were written after the index was built. A search scans these rows one by one. */
  readonly unindexedRows: number;
  /** Number of parts of the index. Each update of the index adds a part, and a search reads all parts one after the other. */
  readonly parts: number;
}

export interface TableState {
  readonly rows: number;
  /** Number of all fragments. */
  readonly fragments: number;
  /**
   * Number of small fragments, which compaction could merge. LanceDB does not merge fragments that belong to different parts of the
   * vector index. So all fragments of one part count as one fragment.
   */
  readonly smallFragments: number;
  /** Number of rows in the largest fragment. */
  readonly largestFragment: number;
  /** "many": at least `manyVersions` versions of the table can be removed. */
  readonly oldVersions: "few" | "many";
  /** The state of each index, by the name of the indexed column. */
  readonly indexes: ReadonlyMap<string, IndexState>;
}

/** The table is compacted if it has at least this many old versions. */
const manyVersions = 128;

/**
 * Reads the state of the table in `folder`, in a few milliseconds. Versions older than `keepVersionsMs` count as old, unless a marked read
 * may use them.
 */
export async function tableState(table: Table, folder: string, keepVersionsMs: number): Promise<TableState> {
  const { numRows, fragmentStats } = await table.stats();
  const indexes = await indexStates(table);
  const versions = await manifests(folder);
  const apart = indexes.get("vector")?.parts;
  return {
    rows: numRows,
    fragments: fragmentStats.numFragments,
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
  for (const { columns, numUnindexedRows = 0, numSegments = 1 } of await table.listIndices()) {
    for (const column of columns) found.set(column, { unindexedRows: numUnindexedRows, parts: numSegments });
  }
  return found;
}

/** Returns true if the folder contains a version of a table. An interrupted creation leaves a folder without any version. */
export async function hasVersion(folder: string): Promise<boolean> {
  return (await manifests(folder)).length > 0;
}

async function oldVersions(folder: string, versions: readonly string[], keepVersionsMs: number): Promise<TableState["oldVersions"]> {
  // All earlier versions are older than this version, so reading the time of this one file is enough.
  const oldest = versions.at(-manyVersions);
  if (oldest === undefined) return "few";
  return (await versionTime(folder, oldest)) < (await removableBefore(folder, keepVersionsMs)) ? "many" : "few";
}

/** Versions from before the returned time, in milliseconds since 1970, can be removed. */
export async function removableBefore(folder: string, keepVersionsMs: number): Promise<number> {
  return Math.min(Date.now() - keepVersionsMs, await oldestRead(folder));
}

/** Counts the versions that are newer than the newest index. Each such version added at most one fragment that the index does not cover. */
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

export async function versionTime(folder: string, version: string): Promise<number> {
  return (await stat(join(folder, "_versions", version))).mtimeMs;
}

/** Names of the version files, newest first. */
export async function manifests(folder: string): Promise<readonly string[]> {
  try {
    // A newer version has a lower number in its file name, so ascending order puts the newest version first.
    return (await readdir(join(folder, "_versions"))).filter((file) => file.endsWith(".manifest")).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
