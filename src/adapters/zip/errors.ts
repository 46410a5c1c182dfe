/** Translates errors of yauzl and of decompression. */
import { HeadraceError } from "../../contracts/index.js";

/** Loads yauzl. If it is missing, throws `part_missing`. */
export async function loadZip() {
  const { default: yauzl } = await import("yauzl").catch((cause: unknown) => {
    throw new HeadraceError("part_missing", "reading zip: expected the package yauzl, found none", { hint: "npm install yauzl", cause });
  });
  return yauzl;
}

export function wordsOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** Returns whether unpacking was ended because of the size of the result. */
export function isTooLarge(cause: unknown): boolean {
  return codeOf(cause) === "ERR_BUFFER_TOO_LARGE";
}

/** Returns the code of an error of Node. Returns "" for an error of yauzl, which has none. */
export function codeOf(cause: unknown): string {
  return cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : "";
}
