/** Parses glob patterns. */
/// <reference path="./picomatch.d.ts" />
import { resolve } from "node:path";
import picomatch from "picomatch";

export interface Glob {
  /** The absolute path of the folder that is searched: the part of the glob before the first wildcard. */
  readonly base: string;
  /** The rest of the glob. Matches paths relative to `base`. */
  readonly pattern: string;
  /** How many levels of subfolders of `base` can contain matching files. 0: only `base` itself. */
  readonly maxDepth: number;
  /** True if the pattern does not end in `*`. Every match then counts as an image, whatever its file extension. */
  readonly namesExtension: boolean;
  /** `path` is relative to the base, with `/` as separator. */
  matches(path: string): boolean;
}

/** Parses `*`, `**`, `?`, `[…]`, `{a,b}` and `(a|b)`. Returns null if the text contains none of these wildcards. */
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
