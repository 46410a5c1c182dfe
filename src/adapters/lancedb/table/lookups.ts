/** Looks up rows by key, and vectors by the content fingerprint of their image. */
import type { Table } from "@lancedb/lancedb";
import type { RecordBatch } from "apache-arrow";
import type { Key, KnownRow, StoredContent } from "../../../contracts/index.js";
import { checkAborted } from "../../../kit/index.js";
import { anyTextOf, keyIsOneOf } from "./filter-sql.js";
import { vectorAt } from "./rows.js";

/** Most values in one SQL `IN (…)`. A look-up of more values is split into several queries. */
const lookupRows = 1000;

/** Most rows that one query for contents returns. Many copies of a few contents can fill the answer, so that other contents are missing. */
const contentRows = 4_000;

export async function knownRows(table: Table, ids: readonly Key[], signal: AbortSignal): Promise<ReadonlyMap<Key, KnownRow>> {
  const found = new Map<Key, KnownRow>();
  for await (const batch of rowsOfKeys(table, ids, ["id", "version", "metadata_hash"], signal)) {
    const [id, version, hash] = [batch.getChild("id")!, batch.getChild("version")!, batch.getChild("metadata_hash")!];
    for (let row = 0; row < batch.numRows; row += 1) {
      found.set(id.get(row) as Key, { version: String(version.get(row)), metadataHash: String(hash.get(row)) });
    }
  }
  return found;
}

/** Returns the first keys of the rows that match all predicates, in their order. */
export async function firstKeys(table: Table, predicates: readonly string[], limit: number): Promise<readonly Key[]> {
  const query = table.query().select(["id"]);
  const matching = predicates.length === 0 ? query : query.where(predicates.map((each) => `(${each})`).join(" AND "));
  const keys: Key[] = [];
  for await (const batch of matching.orderBy({ columnName: "id", ascending: true }).limit(limit)) {
    const id = batch.getChild("id")!;
    for (let row = 0; row < batch.numRows; row += 1) keys.push(id.get(row) as Key);
  }
  return keys;
}

export async function* rowsOfKeys(
  table: Table,
  ids: readonly Key[],
  columns: string[],
  signal: AbortSignal | undefined,
): AsyncIterable<RecordBatch> {
  for (const part of chunksOf(ids)) {
    checkAborted(signal, "look-up");
    yield* table.query().select(columns).where(keyIsOneOf(part));
  }
}

/**
 * Returns one vector for each fingerprint that is stored. First finds one key for each content, then reads the vectors of only these keys,
 * because one image can be stored under very many keys.
 */
export async function storedContents(
  table: Table,
  fingerprints: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, StoredContent>> {
  const asked = [...new Set(fingerprints)].filter((fingerprint) => fingerprint !== "");
  const keys: Key[] = [];
  for (const part of chunksOf(asked)) keys.push(...(await keysOfContents(table, part, signal)).values());
  const found = new Map<string, StoredContent>();
  for await (const batch of rowsOfKeys(table, keys, ["content", "vector", "width", "height"], signal)) {
    const [content, vector, width, height] = ["content", "vector", "width", "height"].map((name) => batch.getChild(name)!);
    for (let row = 0; row < batch.numRows; row += 1) {
      found.set(String(content!.get(row)), {
        vector: vectorAt(vector!, row),
        width: Number(width!.get(row)),
        height: Number(height!.get(row)),
      });
    }
  }
  return found;
}

/** Finds one key for each content. */
async function keysOfContents(table: Table, contents: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, Key>> {
  const keys = new Map<string, Key>();
  for (let missing = contents; missing.length > 0; ) {
    checkAborted(signal, "look-up");
    let rows = 0;
    for await (const batch of table.query().select(["id", "content"]).where(anyTextOf("content", missing)).limit(contentRows)) {
      const [id, content] = [batch.getChild("id")!, batch.getChild("content")!];
      rows += batch.numRows;
      for (let row = 0; row < batch.numRows; row += 1) keys.set(String(content.get(row)), id.get(row) as Key);
    }
    missing = rows < contentRows ? [] : missing.filter((content) => !keys.has(content));
  }
  return keys;
}

export function chunksOf<T>(values: readonly T[]): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(values.length / lookupRows) }, (_, at) => values.slice(at * lookupRows, (at + 1) * lookupRows));
}
