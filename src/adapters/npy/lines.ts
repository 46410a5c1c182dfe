/** Converts all columns of a row except the vector to a line of JSON, and back. */
import type { Key, Metadata, MetadataValue, StoredRow } from "../../contracts/index.js";
import { builtInColumns, fileInvalid } from "../../kit/index.js";

const builtIns = new Set<string>(builtInColumns);

export function lineOf({ id, facts, ingestedAt }: StoredRow): string {
  const { source, root, version, content, metadataHash: metadata_hash, width, height, metadata } = facts;
  const columns = { id: String(id), source, root, version, content, metadata_hash, width, height, ingested_at: ingestedAt };
  return `${JSON.stringify({ ...columns, ...metadata })}\n`;
}

/** Parses a line, and adds the vector. Throws `input_invalid` if the line lacks a column of a row. */
export function rowOf(line: string, idType: "text" | "int64", vector: Float32Array | null, path: string): StoredRow {
  const cells = cellsOf(line, path);
  const text = (name: string): string => {
    const value = cells.get(name);
    if (typeof value !== "string") throw fileInvalid(path, `column ${name}: expected text, found ${JSON.stringify(value) ?? "nothing"}`);
    return value;
  };
  const number = (name: string): number => {
    const value = cells.get(name);
    if (typeof value !== "number")
      throw fileInvalid(path, `column ${name}: expected a number, found ${JSON.stringify(value) ?? "nothing"}`);
    return value;
  };
  return {
    id: keyOf(text("id"), idType, path),
    vector,
    facts: {
      source: text("source"),
      root: text("root"),
      version: text("version"),
      content: text("content"),
      metadata: Object.fromEntries([...cells].filter(([name]) => !builtIns.has(name))) as Metadata,
      metadataHash: text("metadata_hash"),
      width: number("width"),
      height: number("height"),
    },
    ingestedAt: number("ingested_at"),
  };
}

function keyOf(text: string, idType: "text" | "int64", path: string): Key {
  if (idType === "text") return text;
  if (!/^-?\d{1,19}$/.test(text)) throw fileInvalid(path, `column id: expected a whole number, found ${JSON.stringify(text).slice(0, 80)}`);
  return BigInt(text);
}

function cellsOf(line: string, path: string): ReadonlyMap<string, MetadataValue | null> {
  try {
    return new Map(Object.entries(JSON.parse(line) as Record<string, MetadataValue | null>));
  } catch (cause) {
    throw fileInvalid(path, `expected one line of JSON per row, found ${line.slice(0, 80)}`, cause);
  }
}
