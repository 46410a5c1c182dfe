/** Parses glob patterns. */
/// <reference path="./picomatch.d.ts" />
import { resolve } from "node:path";
import picomatch from "picomatch";

export interface Glob {
  /** The folder to start from, as an absolute path. */
  readonly base: string;
  /** The pattern for paths below the base. */
  readonly pattern: string;
  /** How many levels of folders below the base can hold a match. 0: only the base itself. */
  readonly maxDepth: number;
  /** True when the pattern names a file extension, so that the list of image extensions does not apply. */
  readonly namesExtension: boolean;
  /** `path` is relative to the base, with `/` as separator. */
  matches(path: string): boolean;
}

/** Understands `*`, `**`, `?`, `[…]`, `{a,b}` and `(a|b)`. Returns null for text without any of them. */
export function parseGlob(text: string, folder: string): Glob | null {
  const { isGlob, base, glob } = picomatch.scan(text);
  if (!isGlob) return null;
  return {
    base: resolve(folder, base),
    pattern: glob,
    maxDepth: glob.includes("**") ? Number.POSITIVE_INFINITY : glob.split("/").length - 1,
    namesExtension: !glob.endsWith("*"),
    matches: picomatch(glob),
  };
}
