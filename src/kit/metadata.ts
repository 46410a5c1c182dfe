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
  return failure("metadata_name", `metadata key ${shown}: expected [a-z_][a-z0-9_]{0,62}`, item);
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
  const found =
    typeof value === "string" ? "text that is not well-formed Unicode" : typeof value === "number" ? String(value) : typeof value;
  return failure("metadata_type", `metadata ${name}: expected text, a finite number, true, false or null, found ${found}`, item);
}

function failure(code: "metadata_name" | "metadata_type", message: string, item: string | undefined): HeadraceError {
  return new HeadraceError(code, message, item === undefined ? {} : { item });
}
