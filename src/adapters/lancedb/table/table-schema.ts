/** Makes the Arrow schema of a new collection, and reads the properties of an existing collection from its Arrow schema. */
import type { Field, Schema } from "apache-arrow";
import { type CollectionSchema, HeadraceError, type Metric, type Passport } from "../../../contracts/index.js";
import { builtInColumns, type MetadataType, type VectorType } from "../../../kit/index.js";
import type { Vendor } from "./vendor.js";

/** The properties of a collection that its table's schema contains. */
export interface TableFacts {
  readonly dimension: number;
  readonly vectorType: VectorType;
  readonly metric: Metric;
  readonly idType: "text" | "int64";
  /** The kind of vector index that was configured when the collection was created. */
  readonly index: string;
  readonly passport: Passport | null;
  /** The metadata columns with their types. "other": a column that another program added, with a type that Headrace ignores. */
  readonly columns: ReadonlyMap<string, MetadataType | "other">;
}

/**
 * `settingsKey`: the key of the collection's settings in the metadata of the schema. The settings never change.
 * `passportKey`: the key of the passport in the metadata of the vector column. Only earlier builds stored the passport there.
 */
const settingsKey = "headrace";
const passportKey = "headrace.passport";

const sqlTypes: Readonly<Record<MetadataType, string>> = { text: "string", number: "double", boolean: "boolean" };
const textColumns = ["source", "root", "version", "content", "metadata_hash"] as const;

/** The schema of an empty collection. */
export function newTableSchema({ arrow }: Vendor, schema: CollectionSchema, vectorType: VectorType): Schema {
  const item = new arrow.Field("item", vectorType === "float16" ? new arrow.Float16() : new arrow.Float32(), true);
  const fields = [
    new arrow.Field("id", schema.idType === "int64" ? new arrow.Int64() : new arrow.Utf8(), false),
    new arrow.Field("vector", new arrow.FixedSizeList(schema.dimension, item), false),
    ...textColumns.map((name) => new arrow.Field(name, new arrow.Utf8(), false)),
    new arrow.Field("width", new arrow.Int32(), false),
    new arrow.Field("height", new arrow.Int32(), false),
    new arrow.Field("ingested_at", new arrow.Int64(), false),
  ];
  const settings = { format: 1, metric: schema.metric, index: schema.index ?? "auto" };
  return new arrow.Schema(fields, new Map([[settingsKey, JSON.stringify(settings)]]));
}

/** Throws `collection_foreign` for a table without the columns of a collection. */
export function tableFacts({ arrow }: Vendor, name: string, schema: Schema): TableFacts {
  const { DataType } = arrow;
  const field = (column: string, fits: (found: Field) => boolean, expected: string): Field => {
    const found = schema.fields.find((candidate) => candidate.name === column);
    if (found === undefined || !fits(found)) throw foreign(name, column, expected, found);
    return found;
  };
  const isText = (found: Field) => DataType.isUtf8(found.type) || DataType.isLargeUtf8(found.type);
  const isInt = (bits: number) => (found: Field) => DataType.isInt(found.type) && found.type.bitWidth === bits && found.type.isSigned;
  const id = field("id", (found) => isText(found) || isInt(64)(found), "text or int64");
  const vector = field(
    "vector",
    (found) => isFloatList(arrow, found, halfPrecision) || isFloatList(arrow, found, singlePrecision),
    "a fixed-size list of float32 or float16",
  );
  for (const column of textColumns) field(column, isText, "text");
  for (const column of ["width", "height"]) field(column, isInt(32), "int32");
  field("ingested_at", isInt(64), "int64");
  const settings = readJson<{ metric?: Metric; index?: string }>(schema.metadata.get(settingsKey)) ?? {};
  return {
    dimension: (vector.type as { listSize: number }).listSize,
    vectorType: isFloatList(arrow, vector, halfPrecision) ? "float16" : "float32",
    metric: settings.metric ?? "cosine",
    idType: isText(id) ? "text" : "int64",
    index: settings.index ?? "auto",
    passport: readJson<Passport>(vector.metadata.get(passportKey)),
    columns: metadataColumns(arrow, schema),
  };
}

/** Describes new columns for LanceDB's `addColumns`. Existing rows get null in these columns. */
export function newColumns(columns: ReadonlyMap<string, MetadataType>): { name: string; valueSql: string }[] {
  return [...columns].map(([name, type]) => ({ name, valueSql: `cast(null as ${sqlTypes[type]})` }));
}

function metadataColumns({ DataType }: Vendor["arrow"], schema: Schema): ReadonlyMap<string, MetadataType | "other"> {
  const own = new Set<string>(builtInColumns);
  const typeOf = ({ type }: Field): MetadataType | "other" => {
    if (DataType.isUtf8(type) || DataType.isLargeUtf8(type)) return "text";
    if (DataType.isBool(type)) return "boolean";
    return DataType.isFloat(type) && type.precision === 2 ? "number" : "other";
  };
  return new Map(schema.fields.filter((found) => !own.has(found.name)).map((found) => [found.name, typeOf(found)]));
}

/** Arrow's numbers for float16 and float32. */
const [halfPrecision, singlePrecision] = [0, 1];

function isFloatList({ DataType }: Vendor["arrow"], { type }: Field, precision: number): boolean {
  if (!DataType.isFixedSizeList(type)) return false;
  const item: unknown = type.children[0]?.type;
  return DataType.isFloat(item) && item.precision === precision;
}

function readJson<T>(text: string | undefined): T | null {
  if (text === undefined) return null;
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new HeadraceError("collection_foreign", "the table's schema metadata: expected JSON, found something else", { cause });
  }
}

function foreign(name: string, column: string, expected: string, found: Field | undefined): HeadraceError {
  const shown = found === undefined ? "none" : String(found.type);
  return new HeadraceError("collection_foreign", `collection ${name}: column ${column}: expected ${expected}, found ${shown}`);
}
