/** What all archive formats share: limits, names and errors of members. */
import { HeadraceError } from "../../contracts/index.js";
import { mebibyte } from "../text/units.js";

/** Largest text beside an image, such as its metadata in JSON. */
export const maxMemberTextBytes = mebibyte;

/** Longest name of a member in bytes, as in file systems. */
const maxNameBytes = 4096;

/** Returns the name without `./` at its beginning. Returns null for a name that is empty or too long. */
export function memberName(written: string): string | null {
  const name = written.replace(/^(\.\/+)+/, "");
  return name === "" || Buffer.byteLength(name) > maxNameBytes ? null : name;
}

/** Splits a number into two that are below 2³². */
export function halves(value: number): readonly [number, number] {
  return [Math.floor(value / 2 ** 32), value % 2 ** 32];
}

/** The reverse of `halves`. */
export function joinHalves(high = 0, low = 0): number {
  return high * 2 ** 32 + low;
}

/** The version of a member: it changes with the archive, and when another member takes the place. */
export function memberVersion(archiveVersion: string | null, offset: number): string | null {
  return archiveVersion === null ? null : `${archiveVersion}@${offset}`;
}

export function memberUnreadable(item: string, problem: string, cause?: unknown): HeadraceError {
  return new HeadraceError("source_unreadable", `${item}: ${problem}`, { scope: "item", item, retryable: false, cause });
}

export function memberTooLarge(item: string, maxBytes: number, found: number | string): HeadraceError {
  return new HeadraceError("source_too_large", `${item}: expected at most ${maxBytes} bytes, found ${found}`, { item });
}

export function memberNotFile(item: string, what: string): HeadraceError {
  return new HeadraceError("source_not_file", `${item}: expected a file in the archive, found ${what}`, {
    item,
    hint: "Links in archives are not followed. Pack the files themselves (tar --dereference).",
  });
}

export function memberMissing(item: string, cause?: unknown): HeadraceError {
  return new HeadraceError("source_not_found", `${item}: expected a file with this name in the archive, found none`, { item, cause });
}

/** Converts an error of the file system, while an archive is read, to the error of one member. */
export function memberError(cause: unknown, item: string): HeadraceError {
  if (HeadraceError.is(cause)) return cause;
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === "ENOENT" || code === "ENOTDIR") return memberMissing(item, cause);
  if (code === "EACCES" || code === "EPERM") {
    return new HeadraceError("source_forbidden", `${item}: expected permission to read the archive, found none`, { item, cause });
  }
  return memberUnreadable(item, `the archive cannot be read: ${message}`, cause);
}
