/**
 * Merges the files of a table that gets its first vector index into a few large ones. LanceDB's compaction writes all rows before it removes a
 * file, so the table would need twice its space on the disk. Here a part of the rows at a time is written again, and the replaced files are
 * removed meanwhile.
 */
import { join } from "node:path";
import type { Table } from "@lancedb/lancedb";
import { removeOldVersions } from "./old-versions.js";
import { manifests } from "./table-state.js";
import type { UpkeepStep } from "./upkeep-step.js";
import { type Fragment, versionFiles } from "./version-files.js";

/** A table is merged into about four files, because a search of 25 files took half as long again as a search of one. */
const files = 4;

/** Rows of a merged file. "least": merging so many rows takes less than a second. "most": LanceDB writes no larger files. */
const partRows = { least: 65_536, most: 1_048_576 } as const;

/**
 * The replaced files are kept for this long per row of the table, because searches may use them. A search without an index takes half of that.
 */
const keptMsPerRow = 0.005;

export interface FirstMergeParts {
  readonly table: Table;
  /** The folder of the table. */
  readonly folder: string;
  /** Called before each part. Throws if no further part may begin. */
  mayGoOn(step: UpkeepStep): Promise<void>;
}

/** Returns false if the files of the table are not known. Then nothing was merged. */
export async function mergeBeforeIndex({ table, folder, mayGoOn }: FirstMergeParts): Promise<boolean> {
  const [newest] = await manifests(folder);
  const version = newest === undefined ? null : await versionFiles(join(folder, "_versions", newest));
  if (version === null || version.fragments.length !== (await table.stats()).fragmentStats.numFragments) return false;
  for (const part of partsToMerge(version.fragments)) {
    await mayGoOn({ step: "merging small files", rows: rowsOf(part) });
    // An update that changes nothing writes the rows again, into one file.
    await table.update({ where: rowIdsOf(part), valuesSql: { width: "width" } });
    await removeOldVersions(table, folder, { kept: 1, due: 1, replacedMs: rowsOf(version.fragments) * keptMsPerRow });
  }
  return true;
}

/** Removes all files that the merge has replaced. Must be called when the index has been built, because that takes longer than a search. */
export async function removeReplaced(table: Table, folder: string): Promise<void> {
  await removeOldVersions(table, folder, { kept: 1, due: 1, replacedMs: 0 });
}

/** Divides the fragments into parts that should become one file each. Leaves out fragments that are large already. */
export function partsToMerge(fragments: readonly Fragment[]): readonly (readonly Fragment[])[] {
  const wanted = Math.min(partRows.most, Math.max(partRows.least, Math.ceil(rowsOf(fragments) / files)));
  const parts: Fragment[][] = [[]];
  for (const fragment of fragments) {
    const isLarge = fragment.rows >= wanted / 2;
    const part = parts.at(-1)!;
    if (isLarge || rowsOf(part) + fragment.rows > wanted) parts.push([]);
    if (!isLarge) parts.at(-1)!.push(fragment);
  }
  return parts.filter((part) => part.length > 1);
}

function rowsOf(fragments: readonly Fragment[]): number {
  return fragments.reduce((rows, fragment) => rows + fragment.rows, 0);
}

/** The upper half of a row id is the number of the fragment. */
function rowIdsOf(part: readonly Fragment[]): string {
  const rowId = (fragment: number): bigint => BigInt(fragment) << 32n;
  return `_rowid >= ${rowId(part[0]!.id)} and _rowid < ${rowId(part.at(-1)!.id + 1)}`;
}
