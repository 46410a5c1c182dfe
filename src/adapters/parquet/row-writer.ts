/** Writes a collection to a Parquet file, one row group at a time. The file gets its final name when it is complete. */
import type { SchemaElement } from "hyparquet";
import type { ByteWriter, ColumnSource, ParquetWriter } from "hyparquet-writer";
import { HeadraceError, type RowFailure, type SizedRowWriter, type StoredRow } from "../../contracts/index.js";
import { fileError, givenMetadata, metadataTypeOf, StagedFiles } from "../../kit/index.js";
import { fileMetadata, type ParquetCollection, parquetSchema, typedMetadata } from "./schema.js";
import { loadArrow, loadWriter } from "./vendor.js";

export type { ParquetCollection } from "./schema.js";

/** The columns of a file, and its metadata. */
export interface RowLayout<Written extends StoredRow = StoredRow> {
  /** Rows with as many numbers as vectors of this dimension have: the larger, the fewer rows are in a row group. */
  readonly dimension: number;
  readonly schema: SchemaElement[];
  readonly fileMetadata: { readonly key: string; readonly value: string }[];
  /** Returns the values of all columns, in the order of the schema. */
  readonly columnsOf: (rows: readonly Written[]) => readonly ColumnSource[];
  /** Returns an error if the columns cannot hold the row. */
  readonly errorOf: (row: Written) => HeadraceError | null;
}

/**
 * How many numbers the vectors of a row group contain together, 2 MiB in total. Encoding a row group needs about 100 times its size in
 * memory. Larger row groups are not faster.
 */
const groupNumbers = 1 << 19;
const maxGroupRows = 10_000;

/** Begins an export. An existing file at `path` is replaced when `finish` is called. */
export async function createParquetRows(path: string, collection: ParquetCollection): Promise<SizedRowWriter> {
  const { columns } = collection;
  return writeRows(path, {
    dimension: collection.dimension,
    schema: parquetSchema(collection, typedMetadata(columns)),
    fileMetadata: fileMetadata(await loadArrow(), collection),
    columnsOf: (rows) => [...builtInsOf(rows), ...metadataOf(rows, columns)],
    errorOf: (row) => typeError(row, columns),
  });
}

/** Returns the values of one column for each metadata key. */
export function metadataOf(rows: readonly StoredRow[], columns: ParquetCollection["columns"]): readonly ColumnSource[] {
  const metadata = rows.map(({ facts }) => new Map(givenMetadata(facts.metadata)));
  return [...columns.keys()].map((name) => ({ name, data: metadata.map((given) => given.get(name) ?? null) }));
}

/** Begins a file with these columns. */
export async function writeRows<Written extends StoredRow>(path: string, layout: RowLayout<Written>): Promise<WriterOf<Written>> {
  const parquet = await loadWriter();
  const bytes = new parquet.ByteWriter();
  const writer = new parquet.ParquetWriter({
    writer: bytes,
    schema: layout.schema,
    statistics: false,
    kvMetadata: layout.fileMetadata,
    createdBy: "headrace",
  });
  return new ParquetRowWriter(path, layout, bytes, writer, await StagedFiles.create([path]));
}

/** A writer of rows, or of rows that have more columns than those of a store. */
export interface WriterOf<Written extends StoredRow> extends Omit<SizedRowWriter, "write"> {
  write(rows: readonly Written[]): Promise<readonly RowFailure[]>;
}

class ParquetRowWriter<Written extends StoredRow> implements WriterOf<Written> {
  readonly #groupRows: number;
  #group: Written[] = [];
  #bytesWritten = 0;

  constructor(
    readonly path: string,
    readonly layout: RowLayout<Written>,
    readonly bytes: ByteWriter,
    readonly writer: ParquetWriter,
    readonly files: StagedFiles,
  ) {
    this.#groupRows = Math.max(1, Math.min(maxGroupRows, Math.floor(groupNumbers / layout.dimension)));
  }

  get bytesWritten(): number {
    return this.#bytesWritten;
  }

  async write(rows: readonly Written[]): Promise<readonly RowFailure[]> {
    const failures: RowFailure[] = [];
    for (const [index, row] of rows.entries()) {
      const error = this.layout.errorOf(row);
      if (error !== null) failures.push({ index, error });
      else this.#group.push(row);
      if (this.#group.length >= this.#groupRows) await this.#writeGroup();
    }
    return failures;
  }

  async finish(): Promise<void> {
    if (this.#group.length > 0) await this.#writeGroup();
    await this.#encode(async () => this.writer.finish());
    await this.files.place();
  }

  discard(): Promise<void> {
    return this.files.discard();
  }

  async #writeGroup(): Promise<void> {
    const rows = this.#group;
    this.#group = [];
    const columnData = [...this.layout.columnsOf(rows)];
    await this.#encode(async () => this.writer.write({ columnData, rowGroupSize: rows.length }));
  }

  async #encode(write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (cause) {
      throw fileError(cause, this.path, "written");
    }
    const encoded = this.bytes.getBytes();
    await this.files.append(this.path, encoded);
    this.#bytesWritten += encoded.byteLength;
    this.bytes.index = 0;
  }
}

/** Returns an error if a metadata value does not have the type of its column. The column types are fixed before the first row. */
export function typeError({ facts }: StoredRow, columns: ParquetCollection["columns"]): HeadraceError | null {
  for (const [name, value] of givenMetadata(facts.metadata)) {
    const expected = columns.get(name);
    const found = metadataTypeOf(value);
    if (expected === found) continue;
    const message = `metadata ${name}: expected ${expected ?? "no such key"}, found ${found ?? typeof value}`;
    return new HeadraceError("metadata_type", message, { item: facts.source });
  }
  return null;
}

/** Returns the values of the columns that every row has. */
export function builtInsOf(rows: readonly StoredRow[]): readonly ColumnSource[] {
  const column = (name: string, of: (row: StoredRow) => unknown): ColumnSource => ({ name, data: rows.map(of) });
  return [
    column("id", ({ id }) => id),
    { ...column("vector", ({ vector }) => Array.from(vector ?? [])), encoding: "PLAIN", codec: "UNCOMPRESSED" },
    column("source", ({ facts }) => facts.source),
    column("root", ({ facts }) => facts.root),
    column("version", ({ facts }) => facts.version),
    column("content", ({ facts }) => facts.content),
    column("metadata_hash", ({ facts }) => facts.metadataHash),
    column("width", ({ facts }) => facts.width),
    column("height", ({ facts }) => facts.height),
    column("ingested_at", ({ ingestedAt }) => BigInt(ingestedAt)),
  ];
}
