/** Text as a terminal may show it: sources as paths, and nothing that a terminal takes for a command. */
import { isAbsolute, relative } from "node:path";
import { pathOfSource } from "../app/index.js";

/** A file's path, relative where it lies below the working directory; any other source as it is. On one line. */
export function shownSource(source: string): string {
  return printable(placeOf(source)).replaceAll("\n", "\\n").replaceAll("\t", "\\t");
}

/** With control characters, marks of writing direction and separators of lines written as escapes; line breaks and tabs stay. */
export function printable(text: string): string {
  return text.replace(/(?![\n\t])[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, escaped);
}

/** `1 row`, `2,000 rows`. */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString("en-US")} ${noun}${count === 1 ? "" : "s"}`;
}

function placeOf(source: string): string {
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
