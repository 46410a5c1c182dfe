/** Translates errors of loading the package and of decompression. */
import { HeadraceError } from "../../contracts/index.js";

export function packageMissing(cause: unknown): never {
  throw new HeadraceError("part_missing", "reading tar: expected the package tar, found none", { hint: "npm install tar", cause });
}

export function wordsOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** Returns whether an error of decompression means that the data is damaged or incomplete. */
export function isDamage(cause: unknown): boolean {
  return cause instanceof Error && "code" in cause && typeof cause.code === "string" && cause.code.startsWith("Z_");
}
