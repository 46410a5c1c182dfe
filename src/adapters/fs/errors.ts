/** Says what the file system's errors mean for an image. */
import { type ErrorCode, HeadraceError } from "../../contracts/index.js";

const codes: Readonly<Record<string, ErrorCode>> = {
  ENOENT: "source_not_found",
  ENOTDIR: "source_not_found",
  ENAMETOOLONG: "source_not_found",
  ELOOP: "source_not_found",
  EACCES: "source_forbidden",
  EPERM: "source_forbidden",
  EISDIR: "source_not_file",
  ENXIO: "source_not_file",
  ENODEV: "source_not_file",
};

/** What went wrong with one file; anything unknown (EIO, ESTALE, EMFILE …) is `source_unreadable`. */
export function fromFileError(cause: unknown, location: string): HeadraceError {
  if (HeadraceError.is(cause)) return cause;
  const errno = errnoOf(cause);
  const code = codes[errno] ?? "source_unreadable";
  // Bytes of a name that are no UTF-8 are gone by now: the name that is left names no file.
  const hint = code === "source_not_found" && location.includes("\uFFFD") ? { hint: "Its name is not valid UTF-8: rename the file." } : {};
  return new HeadraceError(code, `Cannot read ${location}: ${errno}`, { item: location, cause, ...hint });
}

/** True for what concerns one path alone, so that a listing can go on without it. */
export function concernsOnePath(cause: unknown): boolean {
  return errnoOf(cause) in codes;
}

/** The listing cannot go on. */
export function fromListingError(cause: unknown, folder: string): HeadraceError {
  if (HeadraceError.is(cause)) return cause;
  return new HeadraceError("source_failed", `Cannot list ${folder}: ${errnoOf(cause)}`, { item: folder, cause });
}

function errnoOf(cause: unknown): string {
  if (cause instanceof Error) return "code" in cause && typeof cause.code === "string" ? cause.code : cause.message;
  return String(cause);
}
