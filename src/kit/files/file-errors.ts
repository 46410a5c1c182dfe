/** Errors that name a file, and the check of its first bytes. Without a schema, so that worker threads need not load the library for schemas. */
import { open } from "node:fs/promises";
import { HeadraceError } from "../../contracts/index.js";

/** Creates the error for a file with invalid content. */
export function fileInvalid(path: string, what: string, cause?: unknown): HeadraceError {
  return new HeadraceError("input_invalid", `${path}: ${what}.`, { item: path, cause });
}

/** Creates the error for a table, a list or an archive that cannot be read to its end. What is before that place is listed. */
export function fileCut(path: string, problem: string, cause?: unknown): HeadraceError {
  return new HeadraceError("source_unreadable", `${path}: ${problem}`, {
    scope: "item",
    item: path,
    hint: "Copy or download the file again. What is before that place is listed, and rows of what follows are kept.",
    retryable: false,
    cause,
  });
}

/** Converts an error of the file system to a `HeadraceError`. */
export function fileError(cause: unknown, path: string, doing: "read" | "written"): HeadraceError {
  if (HeadraceError.is(cause)) return cause;
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === "ENOSPC" || code === "EDQUOT") return new HeadraceError("disk_full", `${path}: ${message}.`, { item: path, cause });
  if (doing === "written") return new HeadraceError("state_unwritable", `${path} cannot be written: ${message}.`, { item: path, cause });
  return new HeadraceError("input_invalid", `${path} cannot be read: ${message}.`, { item: path, cause });
}

/** Returns true if the file starts with the magic bytes of a format. Throws `input_invalid` if the file cannot be read. */
export async function beginsWith(path: string, magic: string): Promise<boolean> {
  try {
    const file = await open(path, "r");
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(magic.length), 0, magic.length, 0);
      return buffer.toString("latin1", 0, bytesRead) === magic;
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw fileError(cause, path, "read");
  }
}
