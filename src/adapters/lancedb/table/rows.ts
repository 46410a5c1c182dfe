/** Converts rows to Arrow columns, and back. */
import type { Data, Field, FixedSizeList, RecordBatch, Schema, Table, Vector } from "apache-arrow";
import type { Key, MetadataValue, RowBatch, StoredRow } from "../../../contracts/index.js";
import { builtInColumns, float16ToFloat32, float32ToFloat16, givenMetadata, ingestedAtOf } from "../../../kit/index.js";
import type { TableFacts } from "./table-schema.js";
import type { Vendor } from "./vendor.js";

/** The rows of a batch that will be written. */
export interface AcceptedRows {
  readonly batch: RowBatch;
  /** Positions of the rows in the batch, ascending. */
  readonly indices: readonly number[];
}

/**
 * Converts the rows to one Arrow table with all columns of the schema. If a column were missing, a merge would keep the old value of the
 * column in existing rows.
 */
export function toArrow(vendor: Vendor, schema: Schema, parts: readonly AcceptedRows[]): Table {
  const { arrow } = vendor;
  return new arrow.Table(
    schema,
    parts.map((part) => recordBatch(vendor, schema, part)),
  );
}

function recordBatch(vendor: Vendor, schema: Schema, { batch, indices }: AcceptedRows): RecordBatch {
  const { arrow } = vendor;
  const vectors = vectorsOf(batch, indices);
  const metadata = indices.map((index) => new Map(givenMetadata(batch.facts[index]!.metadata)));
  const children = schema.fields.map((field) => {
    if (field.name === "vector") return vectorColumn(vendor, field, vectors);
    const cell = cells.get(field.name) ?? null;
    const values = indices.map((index, row) => (cell === null ? (metadata[row]!.get(field.name) ?? null) : cell(batch, index)));
    if (arrow.DataType.isBool(field.type) && values.every((value) => value === null)) return absentBooleans(vendor, values.length);
    if (arrow.DataType.isUtf8(field.type)) return textColumn(vendor, values as (string | null)[]);
    return arrow.vectorFromArray(values, field.type).data[0]!;
  });
  const struct = arrow.makeData({ type: new arrow.Struct(schema.fields), length: indices.length, nullCount: 0, children });
  return new arrow.RecordBatch(schema, struct);
}

/** Converts query results to rows. The batch must have the columns of `rowColumns`. */
export function toRows(batch: RecordBatch, columns: TableFacts["columns"]): readonly StoredRow[] {
  const column = (name: string): Vector => batch.getChild(name)!;
  const vector = batch.getChild("vector");
  const metadata = readable(columns).map((name) => [name, column(name)] as const);
  const [id, source, root, version, content] = ["id", "source", "root", "version", "content"].map(column) as [
    Vector,
    Vector,
    Vector,
    Vector,
    Vector,
  ];
  const [hash, width, height, ingestedAt] = ["metadata_hash", "width", "height", "ingested_at"].map(column) as [
    Vector,
    Vector,
    Vector,
    Vector,
  ];
  return Array.from({ length: batch.numRows }, (_, row) => ({
    id: id.get(row) as Key,
    vector: vector === null ? null : vectorAt(vector, row),
    facts: {
      source: String(source.get(row)),
      root: String(root.get(row)),
      version: String(version.get(row)),
      content: String(content.get(row)),
      metadata: metadataAt(metadata, row),
      metadataHash: String(hash.get(row)),
      width: Number(width.get(row)),
      height: Number(height.get(row)),
    },
    ingestedAt: Number(ingestedAt.get(row)),
  }));
}

/** Copies the vector of one row out of the batch. */
export function vectorAt(column: Vector, row: number): Float32Array {
  // Arrow gives float16 numbers as their bits.
  const numbers = (column.get(row) as Vector).toArray() as Float32Array | Uint16Array;
  return numbers instanceof Uint16Array ? float16ToFloat32(numbers) : numbers.slice();
}

/** The columns that `toRows` needs. */
export function rowColumns(columns: TableFacts["columns"], vectors: "include" | "omit"): string[] {
  const fixed = builtInColumns.filter((name) => name !== "vector" || vectors === "include");
  return [...fixed, ...readable(columns)];
}

const cells = new Map<string, (batch: RowBatch, index: number) => unknown>([
  ["id", (batch, index) => batch.ids[index]],
  ["source", (batch, index) => batch.facts[index]!.source],
  ["root", (batch, index) => batch.facts[index]!.root],
  ["version", (batch, index) => batch.facts[index]!.version],
  ["content", (batch, index) => batch.facts[index]!.content],
  ["metadata_hash", (batch, index) => batch.facts[index]!.metadataHash],
  ["width", (batch, index) => batch.facts[index]!.width],
  ["height", (batch, index) => batch.facts[index]!.height],
  ["ingested_at", (batch, index) => BigInt(ingestedAtOf(batch, index))],
]);

function readable(columns: TableFacts["columns"]): readonly string[] {
  return [...columns].filter(([, type]) => type !== "other").map(([name]) => name);
}

function metadataAt(columns: readonly (readonly [string, Vector])[], row: number): Record<string, MetadataValue> {
  const given = columns.map(([name, values]) => [name, values.get(row) as MetadataValue | null] as const);
  return Object.fromEntries(given.filter((entry): entry is [string, MetadataValue] => entry[1] !== null));
}

/** Returns the batch's array when all rows are accepted, otherwise a copy of the accepted rows. */
function vectorsOf({ vectors, dimension, ids }: RowBatch, accepted: readonly number[]): Float32Array {
  if (accepted.length === ids.length) return vectors;
  const kept = new Float32Array(accepted.length * dimension);
  accepted.forEach((index, row) => {
    kept.set(vectors.subarray(index * dimension, (index + 1) * dimension), row * dimension);
  });
  return kept;
}

function vectorColumn({ arrow }: Vendor, field: Field, vectors: Float32Array): Data {
  const type = field.type as FixedSizeList;
  const [item] = type.children;
  const isHalf = item?.type.precision === arrow.Precision.HALF;
  const child = isHalf
    ? arrow.makeData({ type: new arrow.Float16(), length: vectors.length, nullCount: 0, data: float32ToFloat16(vectors) })
    : arrow.makeData({ type: new arrow.Float32(), length: vectors.length, nullCount: 0, data: vectors });
  return arrow.makeData({ type, length: vectors.length / type.listSize, nullCount: 0, child });
}

/** Makes a column of texts and nulls. Arrow's own builder takes ten times as long. */
function textColumn({ arrow }: Vendor, values: readonly (string | null)[]): Data {
  const joined = values.join("");
  const bytes = Buffer.from(joined);
  const isAscii = bytes.length === joined.length;
  const encoded = isAscii ? [] : values.map((value) => Buffer.from(value ?? ""));
  const valueOffsets = new Int32Array(values.length + 1);
  const nullBitmap = new Uint8Array(Math.ceil(values.length / 8));
  let nullCount = 0;
  for (const [row, value] of values.entries()) {
    valueOffsets[row + 1] = valueOffsets[row]! + (isAscii ? (value?.length ?? 0) : encoded[row]!.length);
    if (value === null) nullCount += 1;
    else nullBitmap[row >> 3]! |= 1 << (row & 7);
  }
  const data = isAscii ? bytes : Buffer.concat(encoded);
  return arrow.makeData({ type: new arrow.Utf8(), length: values.length, nullCount, nullBitmap, valueOffsets, data });
}

/**
 * Makes a boolean column in which every value is null, from a uint8 column. Arrow writes no buffer of values for a boolean column of
 * nulls, and LanceDB refuses a column without this buffer ("Need at least 1 bytes for bitmap"). Arrow does write the buffer of a uint8
 * column. The schema declares the column as boolean, so LanceDB reads the buffer as the bitmap of booleans.
 */
function absentBooleans({ arrow }: Vendor, length: number): Data {
  const nullBitmap = new Uint8Array(Math.ceil(length / 8));
  return arrow.makeData({ type: new arrow.Uint8(), length, nullCount: length, nullBitmap, data: new Uint8Array(length) });
}
