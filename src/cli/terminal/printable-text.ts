/** Makes text safe to print: file sources become paths, and control characters become escapes. */
import { isAbsolute, relative } from "node:path";
import { pathOfSource } from "../../app/index.js";

/**
 * Returns the path for a file source, and any other source unchanged. Paths below the working directory are relative. The result has no
 * line breaks.
 */
export function shownSource(source: string): string {
  return printable(pathFor(source)).replaceAll("\n", "\\n").replaceAll("\t", "\\t");
}

/** Escapes control characters, text direction marks and Unicode line separators. Keeps line breaks and tabs. */
export function printable(text: string): string {
  return text.replace(/(?![\n\t])[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, escaped);
}

/** Returns a count with its noun: `1 row`, `2,000 rows`. */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString("en-US")} ${noun}${count === 1 ? "" : "s"}`;
}

/** Returns a size for people: `120 B`, `14 KB`, `3 MB`, `1.5 GB`. */
export function sizeText(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`;
  if (bytes >= 1e6) return `${Math.round(bytes / 1e6)} MB`;
  return bytes >= 1e3 ? `${Math.round(bytes / 1e3)} KB` : `${bytes} B`;
}

function pathFor(source: string): string {
  const path = pathOfSource(source);
  if (path === null) return source;
  const below = relative(process.cwd(), path);
  const isBelow = below !== "" && !isAbsolute(below) && below !== ".." && !/^\.\.[\\/]/.test(below);
  return isBelow ? below : path;
}

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
}
