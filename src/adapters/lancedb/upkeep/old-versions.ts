/**
 * Removes old versions of a table, and the files that only they use. LanceDB removes old versions only in `optimize`, which also merges files
 * and writes indexes again. That takes seconds in a large table, too long for a call that stores one image.
 */
import { existsSync } from "node:fs";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Table } from "@lancedb/lancedb";
import { oldestRead } from "../read-marks.js";
import { manifests, versionTime } from "./table-state.js";

/** So many of the newest versions are kept. The others are removed when there are at least `due` of them. */
const versions = { kept: 32, due: 64 } as const;

/** A version is kept for so long after it was replaced, because a search may use it. A read that finds a file missing is repeated once. */
const replacedMs = 5_000;

/** The folders with files that a version names. */
const folders = ["data", "_transactions"] as const;

/**
 * Returns the number of removed versions. Removes nothing if the newest version does not name its files as expected, or if another program
 * has tagged versions. Then LanceDB removes them at the next compaction.
 */
export async function removeOldVersions(table: Table, folder: string): Promise<number> {
  const names = await manifests(folder);
  if (names.length < versions.kept + versions.due || existsSync(join(folder, "_refs"))) return 0;
  const first = await firstRemovable(folder, names);
  if (names.length - first < versions.due) return 0;
  const present = await presentFiles(folder);
  const kept = await filesOf(folder, names.slice(0, first), present);
  const isRead = kept.every((files) => [...files].some((file) => present.get(file) === "data"));
  const newest = [...kept[0]!].filter((file) => present.get(file) === "data");
  if (!isRead || newest.length < (await table.stats()).fragmentStats.numFragments) return 0;
  const removed = await filesOf(folder, names.slice(first), present);
  const used = new Set(kept.flatMap((files) => [...files]));
  const unused = new Set(removed.flatMap((files) => [...files].filter((file) => !used.has(file))));
  // If the process ends in between, the versions still name the remaining files, and the next call removes them.
  for (const file of unused) await rm(join(folder, present.get(file)!, file), { force: true });
  for (const name of names.slice(first).reverse()) await rm(join(folder, "_versions", name), { force: true });
  return names.length - first;
}

/** The position of the newest version that no read uses. Versions are listed newest first, so all later ones can be removed too. */
async function firstRemovable(folder: string, names: readonly string[]): Promise<number> {
  const before = Math.min(Date.now() - replacedMs, await oldestRead(folder));
  let [first, last] = [versions.kept, names.length];
  while (first < last) {
    const middle = Math.floor((first + last) / 2);
    // A version was replaced when the next newer one was written.
    if ((await versionTime(folder, names[middle - 1]!)) < before) last = middle;
    else first = middle + 1;
  }
  return first;
}

/** The folder of each file, by the file's name. */
async function presentFiles(folder: string): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const part of folders) for (const file of await readdir(join(folder, part))) found.set(file, part);
  return found;
}

/** The files that each version names. Names in a version are plain text, after a byte with their length, which may look like a letter. */
async function filesOf(folder: string, names: readonly string[], present: ReadonlyMap<string, string>): Promise<ReadonlySet<string>[]> {
  const found: Set<string>[] = [];
  for (const name of names) {
    const text = await readFile(join(folder, "_versions", name), "latin1");
    const named = (text.match(/[\w-]+\.(?:lance|txn)/g) ?? []).map((match) => (present.has(match) ? match : match.slice(1)));
    found.push(new Set(named.filter((file) => present.has(file))));
  }
  return found;
}
