/** Translates errors of the file system. */
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

/** Converts a file system error to the error of one image. An error code that is not listed above becomes `source_unreadable`. */
export function fromFileError(cause: unknown, location: string): HeadraceError {
  if (HeadraceError.is(cause)) return cause;
  const errno = errnoOf(cause);
  const code = codes[errno] ?? "source_unreadable";
  // Node replaces bytes of a file name that are not UTF-8 by U+FFFD. A path with this character does not lead to the file.
  const hint =
    code === "source_not_found" && location.includes("\uFFFD") ? { hint: "The name of the file is not valid UTF-8: rename it." } : {};
  return new HeadraceError(code, `Cannot read ${location}: ${errno}`, { item: location, cause, ...hint });
}

/** Returns true if the error concerns only one path, so that a listing can continue with other paths. */
export function concernsOnePath(cause: unknown): boolean {
  return errnoOf(cause) in codes;
}

/** Converts a file system error to the error of a listing that cannot continue. */
export function fromListingError(cause: unknown, folder: string): HeadraceError {
  if (HeadraceError.is(cause)) return cause;
  return new HeadraceError("source_failed", `Cannot list ${folder}: ${errnoOf(cause)}`, { item: folder, cause });
}

export function errnoOf(cause: unknown): string {
  if (cause instanceof Error) return "code" in cause && typeof cause.code === "string" ? cause.code : cause.message;
  return String(cause);
}
