/** Metadata as every store takes it: which names and values are allowed, and its fingerprint. */
import { createHash } from "node:crypto";
import { HeadraceError, type Metadata, type MetadataValue } from "../contracts/index.js";
import { isWellFormed } from "./text.js";

export type MetadataType = "text" | "number" | "boolean";

/** Distinct metadata keys of one collection, at most. */
export const maxMetadataKeys = 256;

/** The columns of a row that are not metadata; no metadata key may have their names. */
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
/** Names that stores keep for themselves: LanceDB refuses or answers with them. */
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

/** Null if the name may be a metadata key, else `metadata_name`. `item` names the image that it belongs to. */
export function metadataNameError(name: string, item?: string): HeadraceError | null {
  const shown = JSON.stringify(name).slice(0, 80);
  if (reserved.has(name)) return failure("metadata_name", `metadata key ${shown}: expected a free name, found a built-in column`, item);
  if (namePattern.test(name)) return null;
  const free = freeNameLike(name);
  const hint = free === null ? {} : { hint: `Call it "${free}": keys are lower-case letters, digits and _, at most 63.` };
  return failure("metadata_name", `metadata key ${shown}: expected [a-z_][a-z0-9_]{0,62}`, item, hint);
}

/** The nearest name that may be a metadata key; null when there is none. */
function freeNameLike(name: string): string | null {
  const plain = name
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9_]+/g, "_");
  const free = (/^[0-9]/.test(plain) ? `_${plain}` : plain).slice(0, 63);
  return /[a-z0-9]/.test(free) && !reserved.has(free) ? free : null;
}

/** The type of the column that the value belongs to; null for what no store keeps. */
export function metadataTypeOf(value: unknown): MetadataType | null {
  if (typeof value === "string") return isWellFormed(value) ? "text" : null;
  if (typeof value === "number") return Number.isFinite(value) ? "number" : null;
  return typeof value === "boolean" ? "boolean" : null;
}

/** Checks names and values of metadata from outside. Throws `metadata_name`, `metadata_type`. */
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

/** The values that are given: nulls dropped, keys in order, −0 as 0. */
export function givenMetadata(metadata: Metadata): readonly (readonly [string, MetadataValue])[] {
  return Object.entries(metadata)
    .filter((entry): entry is [string, MetadataValue] => entry[1] !== null && entry[1] !== undefined)
    .map(([name, value]) => [name, Object.is(value, -0) ? 0 : value] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Fingerprint of metadata: 32 hex digits, the same whatever the order of keys, blind to nulls. */
export function metadataHash(metadata: Metadata): string {
  return createHash("sha256")
    .update(JSON.stringify(givenMetadata(metadata)))
    .digest("hex")
    .slice(0, 32);
}

function metadataValueError(name: string, value: unknown, item: string | undefined): HeadraceError | null {
  if (value === null || metadataTypeOf(value) !== null) return null;
  const { found, hint } = whatInstead(value);
  return failure("metadata_type", `metadata ${name}: expected text, a finite number, true, false or null, found ${found}`, item, { hint });
}

function whatInstead(value: unknown): { readonly found: string; readonly hint: string } {
  if (Array.isArray(value))
    return {
      found: "a list",
      hint: 'A key holds one value: join the list into one text, such as "cat, dog", or give each value a key of its own.',
    };
  if (typeof value === "string") return { found: "text that is not well-formed Unicode", hint: "Leave out the halves of surrogate pairs." };
  if (typeof value === "number") return { found: String(value), hint: "Leave the key out where there is no number." };
  if (typeof value === "bigint")
    return { found: "a bigint", hint: "Numbers are kept as float64: give a number, or text where every digit counts." };
  if (typeof value === "object")
    return { found: "an object", hint: "A key holds one value: give each value of the object a key of its own." };
  return { found: typeof value, hint: "Give text, a finite number, true or false, or leave the key out." };
}

function failure(
  code: "metadata_name" | "metadata_type",
  message: string,
  item: string | undefined,
  options: { readonly hint?: string } = {},
): HeadraceError {
  return new HeadraceError(code, message, item === undefined ? options : { ...options, item });
}
