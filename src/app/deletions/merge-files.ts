/**
 * Merges small files of deleted rows, because a client that deletes rows one by one makes a file with each call. A merged file is durable before
 * its parts are removed. If the process ends between the two, rows are in two files, and `restore` brings them back once.
 */
import { rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { HeadraceError, type Key, type StoredRow } from "../../contracts/index.js";
import { type CollectionDescription, describeCollectionFile, mebibyte, syncFolder, withShortLock } from "../../kit/index.js";
import { closed } from "../lifetimes/closing.js";
import { createDeletedRowFile, openRowFile, readDeletedRowFile } from "../wiring/registry.js";
import { type FoundFile, filesIn, newFileName, timeOf } from "./deleted-folder.js";

/** The newest files stay as they are, so that a person can undo the last deletions one by one. */
const newestApart = 8;
/** The small files of one day are merged when there are so many. */
const mergedAtOnce = 24;
/** Larger files stay as they are. */
const smallBytes = mebibyte;

interface Part {
  readonly path: string;
  readonly head: Awaited<ReturnType<typeof readDeletedRowFile>>;
  readonly collection: CollectionDescription;
  readonly rows: readonly StoredRow[];
}

/**
 * Merges files of the same day, verb, model and kind of collection. Each file so expires within a day of its own time. Does nothing while there
 * are few. Damaged and renamed files stay. Throws `disk_full` or `state_unwritable`; no file is lost then.
 */
export async function mergeSmallFiles(folder: string): Promise<void> {
  if (crowded(await filesIn(folder)).length === 0) return;
  await withShortLock(join(folder, "merge.lock"), async () => {
    // Another process may have merged them while this one waited.
    for (const files of crowded(await filesIn(folder))) {
      const parts: Part[] = [];
      for (const { path } of files) {
        const part = await readPart(path);
        if (part !== null) parts.push(part);
      }
      for (const alike of groupsOf(parts, kindOf)) if (alike.length > 1) await merge(folder, alike);
    }
  });
}

/** Returns the small files of each day that has too many of them. */
function crowded(newestFirst: readonly FoundFile[]): readonly (readonly FoundFile[])[] {
  const small = newestFirst.slice(newestApart).filter(({ file, bytes }) => bytes <= smallBytes && timeOf(file) !== null);
  return groupsOf(small, ({ file }) => file.slice(0, "2026-01-01".length)).filter(({ length }) => length >= mergedAtOnce);
}

/** Writes the rows of all parts to one file with the name and time of the newest part, which comes first. */
async function merge(folder: string, parts: readonly Part[]): Promise<void> {
  const [{ head, collection, path: newest }] = parts as readonly [Part, ...Part[]];
  const { rows: _, ...deletion } = head;
  const path = join(folder, newFileName(new Date(timeOf(basename(newest)) ?? deletion.deletedAt)));
  const writer = await createDeletedRowFile(path, collection, deletion);
  try {
    // A row that was deleted again is brought back as it was last.
    const written = new Set<Key>();
    for (const { rows } of parts) {
      const fresh = rows.filter(({ id }) => !written.has(id));
      for (const { id } of fresh) written.add(id);
      if (fresh.length > 0) await writer.write(fresh);
    }
    await writer.finish();
    await syncFolder(folder);
  } finally {
    await writer.discard();
  }
  for (const part of parts) await rm(part.path, { force: true });
}

/** Returns null if the file is damaged, or gone. */
async function readPart(path: string): Promise<Part | null> {
  try {
    const head = await readDeletedRowFile(path);
    const collection = await openRowFile(path);
    return await closed([collection], async () => {
      const rows: StoredRow[] = [];
      for await (const batch of collection.scan({ vectors: "include" })) rows.push(...batch);
      const { dimension, metric, idType, passport } = collection;
      return { path, head, collection: { dimension, metric, idType, passport }, rows };
    });
  } catch (error) {
    if (HeadraceError.is(error) && error.code === "input_invalid") return null;
    throw error;
  }
}

function kindOf({ head, collection }: Part): string {
  return `${head.command} ${describeCollectionFile(collection)}`;
}

function groupsOf<T>(items: readonly T[], nameOf: (item: T) => string): readonly (readonly T[])[] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const name = nameOf(item);
    groups.set(name, [...(groups.get(name) ?? []), item]);
  }
  return [...groups.values()];
}
