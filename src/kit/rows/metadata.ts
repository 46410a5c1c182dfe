/** The rules for metadata, which are the same in every store, and the hash of metadata. */
import { hash } from "node:crypto";
import { HeadraceError, type Metadata, type MetadataValue } from "../../contracts/index.js";
import { isWellFormed } from "../text/text.js";
import { withoutLabels } from "./label-keys.js";

export type MetadataType = "text" | "number" | "boolean";

/** Maximum number of distinct metadata keys in one collection. */
export const maxMetadataKeys = 256;

/** The columns of a row that are not metadata. A metadata key must not have one of these names. */
export const builtInColumns = [
  "id",
  "vector",
  "source",
  "root",
  "version",
  "content",
  "metadata_hash",
  "width",
  "height",
  "ingested_at",
] as const;

const namePattern = /^[a-z_][a-z0-9_]{0,62}$/;
/** Names of LanceDB's internal columns. LanceDB rejects a user's column with such a name, or returns internal values for the column. */
const storeColumns = [
  "_rowid",
  "_rowaddr",
  "_rowoffset",
  "_distance",
  "_score",
  "_relevance_score",
  "_row_created_at_version",
  "_row_last_updated_at_version",
] as const;
const reserved = new Set<string>([...builtInColumns, ...storeColumns]);

/**
 * The metadata key of rows whose image is damaged. Headrace sets it, and ignores it in metadata from users. It does not count for the metadata
 * hash, because no listing knows it.
 */
export const damagedKey = "image_damaged";

/** Returns the metadata with the mark of a damaged image, or without it. */
export function markDamage(metadata: Metadata, isDamaged: boolean): Metadata {
  if (isDamaged) return { ...metadata, [damagedKey]: true };
  if (!(damagedKey in metadata)) return metadata;
  const { [damagedKey]: _, ...rest } = metadata;
  return rest;
}

/** Returns true if the metadata of a row has the mark of a damaged image. */
export function isMarkedDamaged(metadata: Metadata): boolean {
  return metadata[damagedKey] === true;
}

/** Returns null if the name is allowed as a metadata key, else a `metadata_name` error. `item` is the image that has the key. */
export function metadataNameError(name: string, item?: string): HeadraceError | null {
  const shown = JSON.stringify(name).slice(0, 80);
  const suggestion = metadataNameLike(name);
  if (reserved.has(name))
    return failure("metadata_name", `metadata key ${shown}: expected a free name, found a built-in column`, item, {
      hint: `Call it "${suggestion}".`,
    });
  if (namePattern.test(name)) return null;
  const hint = suggestion === null ? {} : { hint: `Call it "${suggestion}": keys are lower-case letters, digits and _, at most 63.` };
  return failure("metadata_name", `metadata key ${shown}: expected [a-z_][a-z0-9_]{0,62}`, item, hint);
}

/**
 * Returns a valid metadata key that is similar to `name`, or `name` itself if it is valid. The name of a built-in column gets `_` at its
 * end. Returns null if there is no such key.
 */
export function metadataNameLike(name: string): string | null {
  const plain = plainName(name);
  const valid = (/^[0-9]/.test(plain) ? `_${plain}` : plain).slice(0, 63);
  if (!/[a-z0-9]/.test(valid)) return null;
  return reserved.has(valid) ? `${valid}_` : valid;
}

/** Returns the name in lower case, without accents, and with `_` for characters that a metadata key cannot have. */
export function plainName(name: string): string {
  return name
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9_]+/g, "_");
}

/** Returns the type of the column that can store the value. Returns null if no store accepts the value. */
export function metadataTypeOf(value: unknown): MetadataType | null {
  if (typeof value === "string") return isWellFormed(value) ? "text" : null;
  if (typeof value === "number") return Number.isFinite(value) ? "number" : null;
  return typeof value === "boolean" ? "boolean" : null;
}

/** Checks the keys and values of metadata from a user. Throws `metadata_name` or `metadata_type`. */
export function checkMetadata(metadata: Readonly<Record<string, unknown>>, item?: string): asserts metadata is Metadata {
  const entries = Object.entries(metadata);
  if (entries.length > maxMetadataKeys) {
    throw failure("metadata_name", `metadata: expected at most ${maxMetadataKeys} keys, found ${entries.length}`, item);
  }
  for (const [name, value] of entries) {
    const error = metadataNameError(name, item) ?? metadataValueError(name, value, item);
    if (error !== null) throw error;
  }
}

/** Returns metadata in canonical form: without nulls, sorted by key, and with 0 instead of −0. */
export function givenMetadata(metadata: Metadata): readonly (readonly [string, MetadataValue])[] {
  return Object.entries(metadata)
    .filter((entry): entry is [string, MetadataValue] => entry[1] !== null && entry[1] !== undefined)
    .map(([name, value]) => [name, Object.is(value, -0) ? 0 : value] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Returns the hash of metadata: 32 hex digits. The order of the keys, null values, `damagedKey`, labels and scores do not change the hash. */
export function metadataHash(metadata: Metadata): string {
  const given = givenMetadata(withoutLabels(markDamage(metadata, false)));
  return given.length === 0 ? hashOfNone : hashOfGiven(given);
}

function hashOfGiven(given: ReturnType<typeof givenMetadata>): string {
  return hash("sha256", JSON.stringify(given), "hex").slice(0, 32);
}

/** Most images have no metadata. */
const hashOfNone = hashOfGiven([]);

function metadataValueError(name: string, value: unknown, item: string | undefined): HeadraceError | null {
  if (value === null || metadataTypeOf(value) !== null) return null;
  const { found, hint } = explainInvalid(value);
  return failure("metadata_type", `metadata ${name}: expected text, a finite number, true, false or null, found ${found}`, item, { hint });
}

function explainInvalid(value: unknown): { readonly found: string; readonly hint: string } {
  if (Array.isArray(value))
    return {
      found: "a list",
      hint: 'A key holds one value. Join the list into one text, such as "cat, dog", or use one key per value.',
    };
  if (typeof value === "string")
    return { found: "text that is not well-formed Unicode", hint: "Remove unpaired surrogates from the text." };
  if (typeof value === "number") return { found: String(value), hint: "Omit the key if there is no number." };
  if (typeof value === "bigint")
    return { found: "a bigint", hint: "Numbers are stored as float64. Pass a number, or text if every digit matters." };
  if (typeof value === "object") return { found: "an object", hint: "A key holds one value. Use one key per value of the object." };
  return { found: typeof value, hint: "Pass text, a finite number, true or false, or omit the key." };
}

function failure(
  code: "metadata_name" | "metadata_type",
  message: string,
  item: string | undefined,
  options: { readonly hint?: string } = {},
): HeadraceError {
  return new HeadraceError(code, message, item === undefined ? options : { ...options, item });
}
