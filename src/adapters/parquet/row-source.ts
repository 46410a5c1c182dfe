/** Reads a collection from a Parquet file, one row group at a time. Another program may have written the file, with the same columns. */
import type { FileMetaData } from "hyparquet";
import type { Key, Metadata, Metric, Passport, RowSource, StoredRow } from "../../contracts/index.js";
import {
  builtInColumns,
  type CollectionDescription,
  checkAborted,
  chunksOf,
  fileInvalid,
  metadataNameError,
  parseCollectionDescription,
  parseMetadataText,
} from "../../kit/index.js";
import { topLevel } from "./elements.js";
import { checkGroups, openParquetFile, type ParquetFile } from "./file.js";
import { deletionKey, descriptionKey, textMetadata } from "./schema.js";

const scanRows = 1000;

/** Throws `input_invalid` if the file is not a Parquet file, or lacks one of the built-in columns of a collection. */
export async function openParquetRows(path: string): Promise<RowSource> {
  const file = await openParquetFile(path);
  try {
    const columns = columnsOf(file.metadata, path);
    checkGroups(file.metadata, columns, path);
    return new ParquetRows(path, file, columns, await describe(file));
  } catch (error) {
    await file.close();
    throw error;
  }
}

class ParquetRows implements RowSource {
  readonly dimension: number;
  readonly metric: Metric;
  readonly idType: "text" | "int64";
  readonly passport: Passport | null;
  /** Whether one column has all metadata of a row, as in files of deleted rows. */
  readonly #hasTexts: boolean;

  constructor(
    readonly name: string,
    readonly file: ParquetFile,
    readonly columns: readonly string[],
    description: CollectionDescription,
  ) {
    this.dimension = description.dimension;
    this.metric = description.metric;
    this.idType = description.idType;
    this.passport = description.passport;
    this.#hasTexts = file.metadata.key_value_metadata?.some(({ key }) => key === deletionKey) ?? false;
  }

  async count(): Promise<number> {
    return Number(this.file.metadata.num_rows);
  }

  async *scan({ vectors, batchRows = scanRows, signal }: Parameters<RowSource["scan"]>[0]): AsyncGenerator<readonly StoredRow[]> {
    const columns = this.columns.filter((name) => name !== "vector" || vectors === "include");
    let start = 0;
    for (const group of this.file.metadata.row_groups) {
      if (signal !== undefined) checkAborted(signal, this.name);
      const end = start + Number(group.num_rows);
      const rows = await this.file.read({ columns, rowStart: start, rowEnd: end, untyped: "text" });
      for (const some of chunksOf(rows, batchRows)) yield some.map((cells) => this.#row(columns, cells));
      start = end;
    }
  }

  close(): Promise<void> {
    return this.file.close();
  }

  #row(columns: readonly string[], values: readonly unknown[]): StoredRow {
    const cells = new Map(columns.map((name, at) => [name, values[at]]));
    const text = (name: string): string => {
      const value = cells.get(name);
      if (typeof value === "string") return value;
      throw fileInvalid(this.name, `column ${name}: expected text in every row, found ${shown(value)}`);
    };
    return {
      id: this.#key(cells.get("id")),
      vector: cells.has("vector") ? this.#vector(cells.get("vector")) : null,
      facts: {
        source: text("source"),
        root: text("root"),
        version: text("version"),
        content: text("content"),
        metadata: this.#hasTexts ? this.#metadata(text(textMetadata.name)) : metadataOfRow(cells),
        metadataHash: text("metadata_hash"),
        width: this.#number("width", cells.get("width")),
        height: this.#number("height", cells.get("height")),
      },
      ingestedAt: this.#number("ingested_at", cells.get("ingested_at")),
    };
  }

  #metadata(text: string): Metadata {
    try {
      return parseMetadataText(text);
    } catch (cause) {
      throw fileInvalid(this.name, `column ${textMetadata.name}: expected JSON in every row, found ${shown(text)}`, cause);
    }
  }

  #key(value: unknown): Key {
    if (this.idType === "text" ? typeof value === "string" : typeof value === "bigint") return value as Key;
    throw fileInvalid(this.name, `column id: expected ${this.idType} in every row, found ${shown(value)}`);
  }

  #vector(value: unknown): Float32Array {
    if (Array.isArray(value) && value.length === this.dimension) return Float32Array.from(value as number[]);
    const found = Array.isArray(value) ? `${value.length}` : shown(value);
    throw fileInvalid(this.name, `column vector: expected ${this.dimension} numbers in every row, found ${found}`);
  }

  #number(name: string, value: unknown): number {
    if (typeof value === "number" || typeof value === "bigint") return Number(value);
    throw fileInvalid(this.name, `column ${name}: expected a whole number in every row, found ${shown(value)}`);
  }
}

function metadataOfRow(cells: ReadonlyMap<string, unknown>): Metadata {
  const given = [...cells].filter(([name, value]) => !builtIns.has(name) && value !== null && value !== undefined);
  return Object.fromEntries(given.map(([name, value]) => [name, typeof value === "bigint" ? Number(value) : value])) as Metadata;
}

const builtIns = new Set<string>(builtInColumns);

/** Returns the names of the top-level columns. Throws if a built-in column of a collection is missing. */
function columnsOf({ schema }: FileMetaData, path: string): readonly string[] {
  const names = topLevel(schema).map(({ name }) => name);
  const missing = builtInColumns.filter((name) => !names.includes(name));
  if (missing.length > 0) throw fileInvalid(path, `expected the columns of a row, found none named ${missing.join(", ")}`);
  for (const name of names) {
    const error = builtIns.has(name) ? null : metadataNameError(name);
    if (error !== null) throw fileInvalid(path, error.message, error);
  }
  return names;
}

/**
 * Returns the description of the collection in the file's metadata. A file that another program wrote has no description. Then the
 * dimension is that of the first vector, and the model is unknown.
 */
async function describe({ path, metadata, read }: ParquetFile): Promise<CollectionDescription> {
  const said = metadata.key_value_metadata?.find(({ key }) => key === descriptionKey)?.value;
  if (said !== undefined) return parseCollectionDescription(said, path);
  if (metadata.num_rows === 0n) throw fileInvalid(path, "expected rows, or a description of the collection, found neither");
  const [[first] = []] = await read({ columns: ["vector"], rowStart: 0, rowEnd: 1, untyped: "text" });
  if (!Array.isArray(first)) throw fileInvalid(path, `column vector: expected a list of numbers, found ${shown(first)}`);
  const id = topLevel(metadata.schema).find(({ name }) => name === "id");
  return { dimension: first.length, metric: "cosine", idType: id?.type === "INT64" ? "int64" : "text", passport: null };
}

function shown(value: unknown): string {
  return value === undefined ? "nothing" : String(value).slice(0, 80);
}
