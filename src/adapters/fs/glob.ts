/** Patterns of file names. */
/// <reference path="./picomatch.d.ts" />
import { resolve } from "node:path";
import picomatch from "picomatch";

export interface Glob {
  /** The folder to start from, as an absolute path. */
  readonly base: string;
  /** The pattern below the base. */
  readonly pattern: string;
  /** Folders below the base that can hold a match: 0 means none but the base itself. */
  readonly maxDepth: number;
  /** True when the pattern names its own extension, so that no list of extensions applies. */
  readonly namesExtension: boolean;
  /** `path` is relative to the base, with `/`. */
  matches(path: string): boolean;
}

/** Reads `*`, `**`, `?`, `[…]`, `{a,b}` and `(a|b)`; null for text without any of them. */
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
