/** Writes rows to a file before they are deleted. The file is on the disk, whole, before this module returns. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type Collection, type ErrorCode, HeadraceError, type SizedRowWriter, type StoredRow } from "../../contracts/index.js";
import { fileError, mebibyte, syncFolder } from "../../kit/index.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";
import { createDeletedRowFile } from "../wiring/registry.js";
import { deletedFolder, filesIn, makeFolder, newFileName, removeExpired } from "./deleted-folder.js";
import { mergeSmallFiles } from "./merge-files.js";

export interface Keeping {
  /** The verb that deletes the rows. */
  readonly command: string;
  /** At least this number of rows will come. A file that cannot fit is refused before it is written. Default 0. */
  readonly expectedRows?: number;
}

/** A file that was written for a deletion. */
export interface KeptFile {
  readonly rows: number;
  /** Removes the file. For a deletion that has deleted nothing. */
  discard(): Promise<void>;
}

/**
 * Writes the rows to a new file, removes files that are too old, and merges small ones. Returns null if there are none. Throws `deletion_too_large`, `disk_full`, `state_unwritable` or
 * `part_missing`; no file is left then.
 */
export async function keepRows(
  parts: PipelineParts,
  collection: Collection,
  batches: AsyncIterable<readonly StoredRow[]>,
  { command, expectedRows = 0 }: Keeping,
): Promise<KeptFile | null> {
  const { name } = collection;
  const folder = deletedFolder(parts.settings, name);
  const path = join(folder, newFileName(new Date()));
  const { keepDays, maxMb } = parts.settings.deleted;
  let writer: SizedRowWriter | null = null;
  let rows = 0;
  try {
    await writing(folder, async () => {
      await removeExpired(folder, { keepDays, now: Date.now() });
      await mergeSmallFiles(folder);
    });
    const before = (await filesIn(folder)).reduce((sum, { bytes }) => sum + bytes, 0);
    const checkRoom = (bytes: number): void => {
      if (before + bytes > maxMb * mebibyte) throw tooLarge(name, maxMb, before);
    };
    // Vectors are not compressed, and rows wait for their row group.
    const leastBytes = (count: number): number => count * collection.dimension * Float32Array.BYTES_PER_ELEMENT;
    checkRoom(leastBytes(expectedRows));
    for await (const batch of batches) {
      if (batch.length === 0) continue;
      if (writer === null) {
        await makeFolder(folder);
        writer = await createDeletedRowFile(path, collection, { collection: name, command, deletedAt: new Date().toISOString() });
      }
      await writer.write(batch);
      rows += batch.length;
      checkRoom(Math.max(writer.bytesWritten, leastBytes(rows)));
    }
    if (writer === null) return null;
    await writer.finish();
    await writing(folder, () => syncFolder(folder));
  } catch (error) {
    throw notKept(error, name);
  } finally {
    await writer?.discard();
  }
  return { rows, discard: () => rm(path, { force: true }) };
}

async function writing(folder: string, change: () => Promise<void>): Promise<void> {
  try {
    await change();
  } catch (cause) {
    throw fileError(cause, folder, "written");
  }
}

function tooLarge(collection: string, maxMb: number, bytes: number): HeadraceError {
  return new HeadraceError(
    "deletion_too_large",
    `files of deleted rows of ${collection}: expected at most ${maxMb} MiB, found ${Math.ceil(bytes / mebibyte)} MiB, and no room for the rows to delete`,
    { item: collection },
  );
}

const ofTheFile: ReadonlySet<ErrorCode> = new Set(["deletion_too_large", "disk_full", "state_unwritable", "part_missing"]);

/** Says that nothing was deleted, and how to delete without a file. Errors of the store stay as they are. */
function notKept(thrown: unknown, collection: string): unknown {
  if (!HeadraceError.is(thrown) || !ofTheFile.has(thrown.code)) return thrown;
  return new HeadraceError(
    thrown.code,
    `delete from ${collection}: nothing was deleted, because the rows cannot be kept: ${thrown.message}`,
    {
      item: thrown.item ?? collection,
      cause: thrown,
      hint: `${thrown.hint} To delete for good, without a file: --no-keep, or the setting deleted.keep: false.`,
    },
  );
}
