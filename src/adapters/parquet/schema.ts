/** Makes the Parquet schema and the Arrow schema for the columns of a collection. */
import type * as arrow from "apache-arrow";
import type { SchemaElement } from "hyparquet";
import { type CollectionDescription, describeCollectionFile, type MetadataType } from "../../kit/index.js";

/** The description of a collection, with the types of its metadata columns. */
export interface ParquetCollection extends CollectionDescription {
  /** Every metadata key that occurs in the rows, with its type. */
  readonly columns: ReadonlyMap<string, MetadataType>;
}

/** The key in the file's metadata under which the description of the collection is stored. */
export const descriptionKey = "headrace";
/** The key in the file's metadata under which a file of deleted rows says who deleted them. Its rows have `textMetadata`. */
export const deletionKey = "headrace_deletion";
/** The key in the file's metadata where Arrow readers look for types that Parquet lacks, such as fixed-size lists. */
const arrowKey = "ARROW:schema";

const textColumns = ["source", "root", "version", "content", "metadata_hash"] as const;

/** `metadata`: the columns after the built-in ones. */
export function parquetSchema({ idType }: Pick<CollectionDescription, "idType">, metadata: readonly SchemaElement[]): SchemaElement[] {
  const fields = [
    idType === "int64" ? element("id", "INT64", "REQUIRED") : textElement("id", "REQUIRED"),
    ...textColumns.map((name) => textElement(name, "REQUIRED")),
    element("width", "INT32", "REQUIRED"),
    element("height", "INT32", "REQUIRED"),
    element("ingested_at", "INT64", "REQUIRED"),
    ...metadata,
  ];
  const [id, ...others] = fields as [SchemaElement, ...SchemaElement[]];
  return [{ name: "headrace", num_children: fields.length + 1 }, id, ...vectorElements, ...others];
}

/** The columns of a file for people who look at a collection: the picture is near the beginning, and the vector at the end. */
export function pictureSchema({ idType, columns }: Pick<ParquetCollection, "idType" | "columns">): SchemaElement[] {
  return [
    { name: "headrace", num_children: columns.size + 6 },
    idType === "int64" ? element("id", "INT64", "REQUIRED") : textElement("id", "REQUIRED"),
    element(pictureColumn, "BYTE_ARRAY", "OPTIONAL"),
    textElement("source", "REQUIRED"),
    element("width", "INT32", "REQUIRED"),
    element("height", "INT32", "REQUIRED"),
    ...typedMetadata(columns),
    ...vectorElements,
  ];
}

/** The column with a small JPEG. */
export const pictureColumn = "picture";

/** One column for each metadata key. */
export function typedMetadata(columns: ParquetCollection["columns"]): readonly SchemaElement[] {
  return [...columns].map(([name, type]) => metadataElement(name, type));
}

/** One column with all metadata of a row as text, see `metadataText`. */
export const textMetadata: SchemaElement = textElement("metadata", "REQUIRED");

/** Returns the file's metadata: the description of the collection, and the Arrow schema. */
export function fileMetadata(vendor: typeof arrow, collection: ParquetCollection): { key: string; value: string }[] {
  const description = describeCollectionFile(collection);
  const table = new vendor.Table(arrowSchema(vendor, collection, description));
  return [
    { key: descriptionKey, value: description },
    { key: arrowKey, value: Buffer.from(vendor.tableToIPC(table, "stream")).toString("base64") },
  ];
}

const vectorElements: readonly SchemaElement[] = [
  { name: "vector", repetition_type: "REQUIRED", num_children: 1, converted_type: "LIST", logical_type: { type: "LIST" } },
  { name: "list", repetition_type: "REPEATED", num_children: 1 },
  { name: "element", type: "FLOAT", repetition_type: "REQUIRED" },
];

function arrowSchema(vendor: typeof arrow, { dimension, idType, columns }: ParquetCollection, description: string): arrow.Schema {
  const field = (name: string, type: arrow.DataType, nullable: boolean): arrow.Field => new vendor.Field(name, type, nullable);
  const types = { text: new vendor.Utf8(), number: new vendor.Float64(), boolean: new vendor.Bool() };
  const list = new vendor.FixedSizeList(dimension, new vendor.Field("element", new vendor.Float32(), false));
  const fields = [
    field("id", idType === "int64" ? new vendor.Int64() : types.text, false),
    field("vector", list, false),
    ...textColumns.map((name) => field(name, types.text, false)),
    field("width", new vendor.Int32(), false),
    field("height", new vendor.Int32(), false),
    field("ingested_at", new vendor.Int64(), false),
    ...[...columns].map(([name, type]) => field(name, types[type], true)),
  ];
  return new vendor.Schema(fields, new Map([[descriptionKey, description]]));
}

function metadataElement(name: string, type: MetadataType): SchemaElement {
  switch (type) {
    case "text":
      return textElement(name, "OPTIONAL");
    case "number":
      return element(name, "DOUBLE", "OPTIONAL");
    case "boolean":
      return element(name, "BOOLEAN", "OPTIONAL");
    default:
      return type satisfies never;
  }
}

function element(name: string, type: NonNullable<SchemaElement["type"]>, repetition_type: "REQUIRED" | "OPTIONAL"): SchemaElement {
  return { name, type, repetition_type };
}

function textElement(name: string, repetition: "REQUIRED" | "OPTIONAL"): SchemaElement {
  return { ...element(name, "BYTE_ARRAY", repetition), converted_type: "UTF8", logical_type: { type: "STRING" } };
}
