/** The names that tell the entries of a dead-letter file apart: an entry belongs to an id, because many images can have one source. */
import type { Key } from "../../contracts/index.js";
import { keyOf } from "../../kit/index.js";

/** The type of the ids of a collection. */
export type IdType = "text" | "int64";

/** The fields of an entry that name it. */
interface Named {
  readonly source: string;
  readonly id?: string;
  readonly idType?: IdType;
  readonly line?: string;
  readonly code: string;
}

/** An id with one of these errors does not identify the image: it is that of another image, or cannot be a key. */
const idErrors: ReadonlySet<string> = new Set(["id_duplicate", "id_invalid"]);

/** Two entries with the same name are about the same image. */
export function entryName({ source, id, idType = "text", line, code }: Named): string {
  if (id === undefined) return sourceName(source);
  if (!idErrors.has(code)) return `${idType}:${id}`;
  return line === undefined ? `${code}:${idType}:${id} ${source}` : sourceName(line);
}

/** The name of an entry whose image was stored under this id. */
export function idName(id: Key): string {
  return `${typeof id === "bigint" ? "int64" : "text"}:${id}`;
}

/** The name of an entry whose id is derived from its source. The source can be a manifest line, if the line itself cannot be used. */
export function sourceName(source: string): string {
  return idName(keyOf(source));
}

/**
 * Returns the name under which any stored image of the same source counts as a success of the entry. Null: only the image with the same id
 * does. An id that is derived from the source says nothing that the source does not say, and a wrong id is corrected in the list.
 */
export function nameBySource(letter: Named): string | null {
  const name = sourceName(letter.source);
  return name === entryName(letter) || (idErrors.has(letter.code) && letter.line === undefined) ? name : null;
}

/** Returns whether a text could be a whole number of an int64 key. */
export function isWholeNumber(text: string): boolean {
  return /^-?\d{1,19}$/.test(text);
}
