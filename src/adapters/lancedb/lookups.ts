/** Looks up rows by key, and vectors by the content fingerprint of their image. */
import type { Table } from "@lancedb/lancedb";
import type { RecordBatch } from "apache-arrow";
import type { Key, KnownRow, StoredContent } from "../../contracts/index.js";
import { checkAborted } from "../../kit/index.js";
import { anyTextOf, keyIsOneOf } from "./filter-sql.js";
import { vectorAt } from "./rows.js";

/** Most values in one SQL `IN (…)`. A look-up of more values is split into several queries. */
const lookupRows = 1000;

/** If more rows than this have the same content, the content gets its own query, limited to one row. */
const fewCopies = 4;

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
 * Returns one vector for each fingerprint that is stored. First counts the rows per fingerprint, up to a limit and without reading
 * vectors. Without this count, an image that is stored under a thousand names would cost a thousand vectors each time that another copy
 * of the image is looked up.
 */
export async function storedContents(
  table: Table,
  fingerprints: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, StoredContent>> {
  const found = new Map<string, StoredContent>();
  const asked = [...new Set(fingerprints)].filter((fingerprint) => fingerprint !== "");
  for (const part of chunksOf(asked)) {
    for (let open = part; open.length > 0; ) {
      checkAborted(signal, "look-up");
      const limit = open.length * fewCopies;
      const { copies, rows } = await copiesOf(table, open, limit);
      const isComplete = rows < limit;
      const rare = isComplete ? [...copies].filter(([, count]) => count <= fewCopies).map(([content]) => content) : [];
      if (rare.length > 0) await collect(table.query().where(anyTextOf("content", rare)), found);
      for (const content of copies.keys()) if (!found.has(content)) await collectOne(table, content, found, signal);
      // If the count reached its limit, contents that were not counted may also have rows, so the loop counts again without the found ones.
      open = isComplete ? [] : open.filter((content) => !copies.has(content));
    }
  }
  return found;
}

/** Reads up to `limit` rows that have one of the contents, and counts these rows per content. */
async function copiesOf(table: Table, contents: readonly string[], limit: number) {
  const copies = new Map<string, number>();
  let rows = 0;
  for await (const batch of table.query().select(["content"]).where(anyTextOf("content", contents)).limit(limit)) {
    const column = batch.getChild("content")!;
    rows += batch.numRows;
    for (let row = 0; row < batch.numRows; row += 1) {
      const content = String(column.get(row));
      copies.set(content, (copies.get(content) ?? 0) + 1);
    }
  }
  return { copies, rows };
}

async function collectOne(table: Table, content: string, found: Map<string, StoredContent>, signal: AbortSignal): Promise<void> {
  checkAborted(signal, "look-up");
  await collect(
    table
      .query()
      .where(anyTextOf("content", [content]))
      .limit(1),
    found,
  );
}

async function collect(query: ReturnType<Table["query"]>, found: Map<string, StoredContent>): Promise<void> {
  for await (const batch of query.select(["content", "vector", "width", "height"])) {
    const [content, vector, width, height] = ["content", "vector", "width", "height"].map((name) => batch.getChild(name)!);
    for (let row = 0; row < batch.numRows; row += 1) {
      found.set(String(content!.get(row)), {
        vector: vectorAt(vector!, row),
        width: Number(width!.get(row)),
        height: Number(height!.get(row)),
      });
    }
  }
}

export function chunksOf<T>(values: readonly T[]): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(values.length / lookupRows) }, (_, at) => values.slice(at * lookupRows, (at + 1) * lookupRows));
}
