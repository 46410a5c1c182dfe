/** The files of deleted rows of a collection: lists them, and finds one of them. */
import { realpath } from "node:fs/promises";
import { HeadraceError } from "../../contracts/index.js";
import { resolveAlias } from "../../kit/index.js";
import { checkCollectionName } from "../collections/call-options.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";
import { readDeletedRowFile } from "../wiring/registry.js";
import { deletedFolder, type FoundFile, filesIn } from "./deleted-folder.js";

/** Rows that one call has deleted. */
export interface DeletedFile {
  /** Name of the file, for `restore`. */
  readonly file: string;
  /** Absolute path of the file: Parquet, readable by other programs. */
  readonly path: string;
  /** The collection that had the rows. */
  readonly collection: string;
  /** Number of rows. null: the file is damaged. */
  readonly rows: number | null;
  /** Size of the file. */
  readonly bytes: number;
  /** ISO 8601, UTC. null: the file is damaged. */
  readonly deletedAt: string | null;
  /** The verb that deleted the rows, such as "sync". null: the file is damaged. */
  readonly command: string | null;
}

/** Lists the files of a collection, which need not exist any more, the newest first. For an alias also those of its collection. */
export async function deletedFiles(parts: PipelineParts, name: string): Promise<readonly DeletedFile[]> {
  const found: DeletedFile[] = [];
  for (const file of await foundFiles(parts, name)) found.push(await described(file));
  return found;
}

/** Finds a file by its name or path, or the newest one. Throws `input_invalid` if the collection has no such file. */
export async function deletedFile(
  parts: PipelineParts,
  name: string,
  wanted: string,
): Promise<FoundFile & { readonly collection: string }> {
  const files = await foundFiles(parts, name);
  const path = wanted === "latest" ? null : await realpath(wanted).catch(() => null);
  const file = wanted === "latest" ? files[0] : (files.find((each) => each.file === wanted) ?? (await withPath(files, path)));
  if (file !== undefined) return file;
  throw new HeadraceError("input_invalid", `restore ${name}: ${wanted}: expected a file of its deleted rows, found none`, {
    item: wanted,
    hint: `\`headrace restore ${name}\` lists them. To copy another file into a collection: headrace import FILE NAME`,
  });
}

async function withPath<F extends FoundFile>(files: readonly F[], path: string | null): Promise<F | undefined> {
  if (path === null) return undefined;
  for (const file of files) if ((await realpath(file.path)) === path) return file;
  return undefined;
}

async function foundFiles(parts: PipelineParts, name: string): Promise<readonly (FoundFile & { readonly collection: string })[]> {
  checkCollectionName(name);
  const store = await parts.store(new AbortController().signal);
  const names = new Set([name, resolveAlias(name, await store.aliases())]);
  const found: (FoundFile & { readonly collection: string })[] = [];
  for (const collection of names) {
    for (const file of await filesIn(deletedFolder(parts.settings, collection))) found.push({ ...file, collection });
  }
  return found.sort((a, b) => (a.file < b.file ? 1 : -1));
}

async function described(found: FoundFile & { readonly collection: string }): Promise<DeletedFile> {
  try {
    const { rows, deletedAt, command } = await readDeletedRowFile(found.path);
    return { ...found, rows, deletedAt, command };
  } catch (error) {
    if (!HeadraceError.is(error) || error.code !== "input_invalid") throw error;
    return { ...found, rows: null, deletedAt: null, command: null };
  }
}
