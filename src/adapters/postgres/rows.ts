/** Converts rows of a table into keys, vectors and facts about images. */
import type { ImageFacts, Key, Metadata, StoredRow } from "../../contracts/index.js";
import type { CollectionShape } from "./catalog.js";
import type { SqlRow } from "./connection.js";
import type { Database } from "./database.js";

/** Maximum bytes of the vectors in one answer. */
const maxAnswerBytes = 16_000_000;

/** The columns to select. */
export function rowColumns(database: Database, vectors: "include" | "omit"): string {
  const facts = "id, source, root, version, content, metadata, metadata_hash, width, height, ingested_at";
  return vectors === "omit" ? facts : `${facts}, ${vectorColumn(database)}`;
}

/** The vector as text: the driver gives no binary answers, and base 64 is shorter and faster to read than decimals. */
export function vectorColumn({ extension }: Database): string {
  return `encode(${extension}.vector_send(embedding::${extension}.vector), 'base64') AS vector`;
}

/** Maximum number of rows of one answer. */
export function rowsPerQuery({ dimension }: Pick<CollectionShape, "dimension">, vectors: "include" | "omit"): number {
  return vectors === "omit" ? 5000 : Math.max(1, Math.min(5000, Math.floor(maxAnswerBytes / (dimension * 4))));
}

export function keyOf(row: SqlRow, { idType }: Pick<CollectionShape, "idType">): Key {
  return idType === "int64" ? BigInt(row["id"] as string) : String(row["id"]);
}

export function factsOf(row: SqlRow): ImageFacts {
  return {
    source: String(row["source"]),
    root: String(row["root"]),
    version: String(row["version"]),
    content: String(row["content"]),
    metadata: row["metadata"] as Metadata,
    metadataHash: String(row["metadata_hash"]),
    width: Number(row["width"]),
    height: Number(row["height"]),
  };
}

export function storedRowOf(row: SqlRow, shape: Pick<CollectionShape, "idType">): StoredRow {
  const vector = row["vector"] === undefined ? null : vectorOf(String(row["vector"]));
  return { id: keyOf(row, shape), vector, facts: factsOf(row), ingestedAt: Number(row["ingested_at"]) };
}

/** Reads pgvector's binary form: two numbers of 16 bits, then the vector, with the highest byte of each number first. */
export function vectorOf(base64: string): Float32Array {
  const bytes = Buffer.from(base64, "base64").subarray(4);
  const copy = new Uint8Array(bytes);
  Buffer.from(copy.buffer).swap32();
  return new Float32Array(copy.buffer);
}

/** Encodes vectors as PostgreSQL's binary form of an array of `vector`. The driver sends a buffer as it is. */
export function vectorArray(
  vectors: Float32Array,
  { dimension, positions, oid }: { readonly dimension: number; readonly positions: readonly number[]; readonly oid: number },
): Buffer {
  const wordsPerVector = 2 + dimension;
  const words = new Uint32Array(headWords + positions.length * wordsPerVector);
  const numbers = new Float32Array(words.buffer);
  words.set([1, 0, oid, positions.length, 1]);
  let at = headWords;
  for (const position of positions) {
    words[at] = 4 + dimension * 4;
    words[at + 1] = dimension * 0x1_0000;
    numbers.set(vectors.subarray(position * dimension, (position + 1) * dimension), at + 2);
    at += wordsPerVector;
  }
  return Buffer.from(words.buffer).swap32();
}

/** Dimensions of the array, whether it has nulls, type of its elements, their number, and the first index. */
const headWords = 5;
