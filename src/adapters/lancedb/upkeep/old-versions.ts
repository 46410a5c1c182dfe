/**
 * Removes old versions of a table, and the files that only they use. LanceDB removes old versions only in `optimize`, which also merges files
 * and writes indexes again. That takes seconds in a large table, too long for a call that stores one image.
 */
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Table } from "@lancedb/lancedb";
import { oldestRead } from "../table/read-marks.js";
import { manifests, versionTime } from "./table-state.js";
import { type VersionFiles, versionFiles } from "./version-files.js";

export interface VersionLimits {
  /** So many of the newest versions are kept. */
  readonly kept: number;
  /** The others are removed when there are at least so many of them. */
  readonly due: number;
  /** A version is kept for so long after it was replaced, because a search may use it. A read that finds a file missing is repeated once. */
  readonly replacedMs: number;
}

const usualLimits: VersionLimits = { kept: 32, due: 64, replacedMs: 5_000 };

/**
 * Returns the number of removed versions. Removes nothing if a version does not name its files as expected, or if another program has tagged
 * versions. Then LanceDB removes them at the next compaction.
 */
export async function removeOldVersions(table: Table, folder: string, limits = usualLimits): Promise<number> {
  const { kept, due } = limits;
  const names = await manifests(folder);
  if (names.length < kept + due || existsSync(join(folder, "_refs"))) return 0;
  const first = await firstRemovable(folder, names, limits);
  if (names.length - first < due) return 0;
  const all = await filesOfEach(folder, names);
  const newest = all?.[0]?.data.size ?? 0;
  if (all === null || newest < (await table.stats()).fragmentStats.numFragments) return 0;
  const [used, removed] = [pathsOf(all.slice(0, first)), pathsOf(all.slice(first))];
  // If the process ends in between, the versions still name the remaining files, and the next call removes them.
  for (const path of removed) if (!used.has(path)) await rm(join(folder, path), { recursive: true, force: true });
  for (const name of names.slice(first).reverse()) await rm(join(folder, "_versions", name), { force: true });
  return names.length - first;
}

/** The position of the newest version that no read uses. Versions are listed newest first, so all later ones can be removed too. */
async function firstRemovable(folder: string, names: readonly string[], { kept, replacedMs }: VersionLimits): Promise<number> {
  const before = Math.min(Date.now() - replacedMs, await oldestRead(folder));
  let [first, last] = [kept, names.length];
  while (first < last) {
    const middle = Math.floor((first + last) / 2);
    // A version was replaced when the next newer one was written.
    if ((await versionTime(folder, names[middle - 1]!)) < before) last = middle;
    else first = middle + 1;
  }
  return first;
}

/** Returns null if the files of one of the versions are not known. */
async function filesOfEach(folder: string, names: readonly string[]): Promise<readonly VersionFiles[] | null> {
  const found: VersionFiles[] = [];
  for (const name of names) {
    const files = await versionFiles(join(folder, "_versions", name));
    if (files === null) return null;
    found.push(files);
  }
  return found;
}

function pathsOf(all: readonly VersionFiles[]): ReadonlySet<string> {
  const paths = all.flatMap(({ data, deletions, transaction, indexes }) => [
    ...[...data].map((file) => join("data", file)),
    ...[...deletions].map((file) => join("_deletions", file)),
    ...[...indexes].map((index) => join("_indices", index)),
    ...(transaction === null ? [] : [join("_transactions", transaction)]),
  ]);
  return new Set(paths);
}
