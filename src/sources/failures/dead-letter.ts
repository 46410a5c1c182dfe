/** One entry of a dead-letter file: an image that failed, or a file with images that could not be listed; why, and how to read it again. */
import type { Key, Metadata, Outcome, UnlistedFile } from "../../contracts/index.js";
import { fileUri, isRemoteMemberUri, withoutCredentials } from "../../kit/index.js";
import { type IdType, isWholeNumber } from "./entry-name.js";

/** One line of the file. Files of older versions have no optional fields, except `id` and `line`. */
export interface DeadLetter {
  readonly source: string;
  /** The key that the image's row would have; an int64 key as text. */
  readonly id?: string;
  /** The type of the key. Absent: "text". Lines of older versions do not say it: then a whole number has the type of the collection's keys. */
  readonly idType?: IdType;
  /** The manifest line that names the image, in the form `file:line`. */
  readonly line?: string;
  /** Path or URL that the reader opens. Absent: it follows from `source`. */
  readonly location?: string;
  /** The URI scheme that decides which reader reads the image. Absent: it follows from `source`. */
  readonly scheme?: string;
  /** The input that contained the image. Absent: the image itself. */
  readonly root?: string;
  /** The metadata that the listing gave. Absent: none. */
  readonly metadata?: Metadata;
  /** Set for a table, a list or an archive that could not be read: how to list it again. */
  readonly unlisted?: UnlistedFile;
  /** False if only the caller can provide the image again: bytes, or a manifest line that cannot be used. Default true. */
  readonly repeatable?: false;
  readonly code: string;
  readonly message: string;
  /** Number of tries in the last run that the image failed in. */
  readonly attempts: number;
  /** Number of runs that the image failed in, since it was last stored. */
  readonly failures: number;
  /** When the image failed first and last: ISO 8601, UTC. */
  readonly first: string;
  readonly time: string;
}

export type FailedOutcome = Extract<Outcome, { kind: "failed" }>;

export function deadLetterOf({ id, facts, error, attempts }: FailedOutcome, time: string): DeadLetter {
  const { source, line, root } = facts;
  return {
    source,
    id: String(id),
    ...idTypeOf(id),
    ...(line === undefined ? {} : { line }),
    ...placeOf(facts),
    ...(root === source ? {} : { root }),
    code: error.code,
    message: error.message,
    attempts,
    failures: 1,
    first: time,
    time,
  };
}

/** A text says its type only where it could be taken for a number. */
function idTypeOf(id: Key): Pick<DeadLetter, "idType"> {
  if (typeof id === "bigint") return { idType: "int64" };
  return isWholeNumber(id) ? { idType: "text" } : {};
}

/**
 * Returns the fields that are needed to read the image again, as far as they do not follow from its source. The address of a web image is not
 * among them, because it can contain a password or a signature.
 */
function placeOf({
  source,
  listed,
}: FailedOutcome["facts"]): Pick<DeadLetter, "location" | "scheme" | "metadata" | "unlisted" | "repeatable"> {
  if (listed === undefined || (listed.refused !== undefined && listed.unlisted === undefined)) return { repeatable: false };
  const { scheme, metadata, unlisted } = listed;
  const location = isRemoteMemberUri(listed.location) ? withoutCredentials(listed.location) : listed.location;
  const follows = scheme === "file" ? fileUri(location) === source : location === source || scheme === "http" || scheme === "https";
  return {
    ...(follows ? {} : { location }),
    ...(source.startsWith(`${scheme}:`) ? {} : { scheme }),
    ...(metadata === null ? {} : { metadata }),
    ...(unlisted === undefined ? {} : { unlisted }),
  };
}

/**
 * Parses one line. Missing fields get defaults. Returns null for a line that is not an entry. `idType`: the type of the collection's keys, for
 * lines of older versions.
 */
export function parseDeadLetter(text: string, idType: IdType): DeadLetter | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null || !("source" in value) || typeof value.source !== "string") return null;
  const letter = value as Partial<DeadLetter> & { readonly source: string };
  const time = timeOf(letter.time, new Date(0).toISOString());
  return {
    ...letter,
    ...(idType === "int64" && letter.idType === undefined && isWholeNumber(letter.id ?? "") ? { idType } : {}),
    code: textOf(letter.code, "unexpected"),
    message: textOf(letter.message, ""),
    attempts: countOf(letter.attempts),
    failures: countOf(letter.failures),
    first: timeOf(letter.first, time),
    time,
  };
}

export function lineOf(letter: DeadLetter): string {
  return `${JSON.stringify(letter)}\n`;
}

function textOf(value: unknown, fallback: string): string {
  return typeof value === "string" ? value : fallback;
}

function countOf(value: unknown): number {
  return Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : 1;
}

function timeOf(value: unknown, fallback: string): string {
  return typeof value === "string" && !Number.isNaN(Date.parse(value)) ? new Date(value).toISOString() : fallback;
}
