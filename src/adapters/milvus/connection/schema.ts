/** A Headrace collection in Milvus: its fields, description and properties. */
import type { DescribeCollectionResponse, FieldSchema, FieldType } from "@zilliz/milvus2-sdk-node";
import { type CollectionSchema, HeadraceError, type MetadataValue, type Metric, type Passport } from "../../../contracts/index.js";
import { builtInColumns, type MetadataType, maxKeyBytes } from "../../../kit/index.js";
import type { CreationSettings, DeclaredField } from "../options.js";
import type { FilterColumn } from "./filter.js";
import { propertyOf } from "./properties.js";
import { columnsOf } from "./registered-columns.js";

export const maxTextBytes = 65_535;
/** Milvus' dynamic field. Milvus stores all metadata keys without a field of their own in the dynamic field. */
export const dynamicField = "$meta";
export const passportProperty = "headrace.passport";
/** How many copies of the collection are in memory, and where. Absent: one copy, wherever the server puts it. */
export const loadProperty = "headrace.load";
/** The property that holds the index note, which is the state of the collection's index: see index-note.ts. */
export const indexProperty = "headrace.index";

/** A metadata key that has its own typed field. */
export interface DeclaredColumn {
  readonly name: string;
  readonly dataType: "Bool" | "Int8" | "Int16" | "Int32" | "Int64" | "Float" | "Double" | "VarChar";
  readonly type: MetadataType;
  /** The longest text of a VarChar field, in bytes. */
  readonly maxBytes: number;
  /** "optional": a row may have no value, because the field is nullable or has a default value. */
  readonly presence: "required" | "optional";
  /** The value that the server gives to rows without one. Null: none. */
  readonly defaultValue: MetadataValue | null;
}

export type VectorType = (typeof vectorTypes)[number];

const vectorTypes = ["FloatVector", "Float16Vector"] as const;

export interface CollectionShape {
  readonly name: string;
  readonly dimension: number;
  readonly metric: Metric;
  readonly idType: "text" | "int64";
  readonly vectorField: string;
  readonly vectorType: VectorType;
  readonly passport: Passport | null;
  /** The index note when the description of the collection was read. */
  readonly indexNote: string | null;
  /**
   * Random id of the creation. When several processes create the collection at the same time, only the process that succeeded finds the id
   * of its own creation here.
   */
  readonly maker: string | null;
  readonly declared: readonly DeclaredColumn[];
  /**
   * Fields that Headrace cannot write and that a row may leave out: outputs of Milvus functions, and optional fields of unsupported types.
   */
  readonly foreign: readonly string[];
  /** Type of each known metadata key. */
  readonly columns: ReadonlyMap<string, MetadataType>;
}

interface Marks {
  readonly headrace: 1;
  readonly metric: Metric;
  readonly idType: "text" | "int64";
  readonly passport: Passport | null;
  readonly text: string;
  readonly maker?: string;
}

const texts = ["source", "root", "version", "content", "metadata_hash"] as const;
const builtIns = new Set<string>(builtInColumns);

/** The fields that every row has besides the key and the vector. */
export const fixedFields = [...texts, "width", "height", "ingested_at"] as const;

export function describeCollection(schema: CollectionSchema, text: string, maker: string): string {
  const marks: Marks = { headrace: 1, metric: schema.metric, idType: schema.idType ?? "text", passport: schema.passport, text, maker };
  return JSON.stringify(marks);
}

/** The fields of a new collection. */
export interface FieldOptions {
  readonly vectorField: string;
  readonly declared: readonly DeclaredField[];
  readonly settings: Pick<CreationSettings, "vectorType" | "partitionKey">;
}

export function fieldsOf(schema: CollectionSchema, { vectorField, declared, settings }: FieldOptions): FieldType[] {
  const { vectorType, partitionKey } = settings;
  return [
    schema.idType === "int64"
      ? { name: "id", data_type: "Int64", is_primary_key: true }
      : { name: "id", data_type: "VarChar", max_length: maxKeyBytes, is_primary_key: true },
    { name: vectorField, data_type: vectorType === "FLOAT16_VECTOR" ? "Float16Vector" : "FloatVector", dim: schema.dimension },
    ...texts.map((name) => ({ name, data_type: "VarChar" as const, max_length: maxTextBytes })),
    { name: "width", data_type: "Int32" },
    { name: "height", data_type: "Int32" },
    { name: "ingested_at", data_type: "Int64" },
    ...withPartitionKey(declaredColumns(declared, vectorField), { partitionKey, vectorField }).map(({ name, dataType, maxBytes }) => ({
      name,
      data_type: dataType,
      ...(dataType === "VarChar" ? { max_length: maxBytes } : {}),
      ...(name === partitionKey ? { is_partition_key: true } : {}),
    })),
  ];
}

/** Adds a text column for the partition key, unless the key is declared. Throws `config_invalid` if Milvus cannot partition by the key. */
function withPartitionKey(
  columns: readonly DeclaredColumn[],
  { partitionKey: name, vectorField }: { readonly partitionKey: string | null; readonly vectorField: string },
): readonly DeclaredColumn[] {
  if (name === null) return columns;
  const declared = columns.find((column) => column.name === name);
  const isTaken = name === "id" || name === vectorField || builtIns.has(name);
  if (!isTaken && declared === undefined) return [...columns, columnOf(name, "VarChar", maxTextBytes)];
  if (declared?.dataType === "VarChar" || declared?.dataType === "Int64") return columns;
  const found = isTaken ? "a field of every collection" : `a field of type ${declared?.dataType}`;
  throw new HeadraceError(
    "config_invalid",
    `milvus.partition_key: expected a metadata key of type VARCHAR or INT64, found ${name}, ${found}`,
  );
}

/** Returns the declared fields that are metadata columns. The key, the vector, Headrace's own fields and JSON fields are left out. */
function declaredColumns(fields: readonly DeclaredField[], vectorField: string): readonly DeclaredColumn[] {
  return fields
    .filter(
      ({ name, type, primaryKey }) =>
        !primaryKey && name !== vectorField && !builtIns.has(name) && type !== "JSON" && !type.endsWith("_VECTOR"),
    )
    .map(({ name, type, maxLength }) => columnOf(name, dataTypeNames[type as keyof typeof dataTypeNames], maxLength));
}

/** Throws `collection_foreign` for a collection that Headrace did not create. */
export function shapeOf(name: string, answer: DescribeCollectionResponse): CollectionShape {
  const { fields, description } = answer.schema;
  const vector = fields.find(({ data_type }) => vectorTypes.some((type) => type === data_type));
  const marks = marksOf(description);
  const missing = ["id", ...fixedFields].filter((field) => !fields.some((each) => each.name === field));
  if (vector === undefined || marks === null || missing.length > 0 || !answer.schema.enable_dynamic_field) {
    const why =
      vector === undefined
        ? "no vector field"
        : marks === null
          ? "no mark of Headrace in its description"
          : `none named ${missing.join(", ")}`;
    throw new HeadraceError("collection_foreign", `collection ${name}: expected Headrace's columns, found ${why}`);
  }
  const property = (key: string) => propertyOf(answer, key);
  const ours = new Set<string>(["id", vector.name, dynamicField, ...fixedFields]);
  const { declared, foreign } = othersOf(
    name,
    fields.filter((field) => !ours.has(field.name)),
  );
  const passport = property(passportProperty);
  return {
    // The real name of the collection, even when the caller used an alias: the answer's `collection_name` only repeats the requested name.
    name: answer.schema.name || name,
    dimension: Number(vector.dim),
    metric: marks.metric,
    idType: marks.idType,
    vectorField: vector.name,
    vectorType: vector.data_type as VectorType,
    passport: passport === undefined ? marks.passport : (JSON.parse(String(passport)) as Passport),
    indexNote: property(indexProperty) ?? null,
    maker: marks.maker ?? null,
    declared,
    foreign,
    columns: new Map([...columnsOf(answer), ...declared.map(({ name: column, type }) => [column, type] as const)]),
  };
}

/** Returns a function that maps a metadata key to its column in filter expressions. */
export function filterColumns(shape: Pick<CollectionShape, "idType" | "declared">): (key: string) => FilterColumn {
  const typed = new Map<string, FilterColumn["type"]>([
    ["id", shape.idType === "int64" ? "integer" : "text"],
    ...texts.map((name) => [name, "text"] as const),
    ...(["width", "height", "ingested_at"] as const).map((name) => [name, "integer"] as const),
    ...shape.declared.map(({ name, dataType }) => [name, filterType(dataType)] as const),
  ]);
  const optional = new Set(shape.declared.filter(({ presence }) => presence === "optional").map(({ name }) => name));
  return (key) => {
    const type = typed.get(key);
    if (type === undefined) return { expression: `${dynamicField}[${JSON.stringify(key)}]`, type: "json" };
    return { expression: key, type, presence: optional.has(key) ? "optional" : "required" };
  };
}

export const metricNames = { cosine: "COSINE", ip: "IP", l2: "L2" } as const satisfies Record<Metric, string>;

const dataTypeNames = {
  BOOL: "Bool",
  INT8: "Int8",
  INT16: "Int16",
  INT32: "Int32",
  INT64: "Int64",
  FLOAT: "Float",
  DOUBLE: "Double",
  VARCHAR: "VarChar",
} as const;

const dataTypes = new Set<string>(Object.values(dataTypeNames));

/**
 * Divides the fields that Headrace did not create into `declared` fields, which Headrace can write, and `foreign` fields. Throws
 * `collection_foreign` for a required field of a type that Headrace cannot write.
 */
function othersOf(collection: string, fields: readonly FieldSchema[]): Pick<CollectionShape, "declared" | "foreign"> {
  const declared: DeclaredColumn[] = [];
  const foreign: string[] = [];
  for (const field of fields) {
    const { name, data_type } = field;
    const presence = field.nullable === true || (field.default_value ?? null) !== null ? "optional" : "required";
    if (field.is_function_output) foreign.push(name);
    else if (dataTypes.has(data_type)) {
      const column = columnOf(name, data_type as DeclaredColumn["dataType"], Number(field.max_length ?? maxTextBytes));
      declared.push({ ...column, presence, defaultValue: defaultOf(field, column.type) });
    } else if (presence === "optional") foreign.push(name);
    else {
      throw new HeadraceError(
        "collection_foreign",
        `collection ${collection}: field ${name}: expected an optional field, found a required ${data_type}`,
        { hint: "Make the field nullable, or use another collection." },
      );
    }
  }
  return { declared, foreign };
}

function columnOf(name: string, dataType: DeclaredColumn["dataType"], maxBytes: number): DeclaredColumn {
  const type = dataType === "VarChar" ? "text" : dataType === "Bool" ? "boolean" : "number";
  return { name, dataType, type, maxBytes, presence: "required", defaultValue: null };
}

/** The SDK gives the numbers of int64 columns as text. */
function defaultOf({ default_value: given }: FieldSchema, type: MetadataType): MetadataValue | null {
  const value = (given ?? null) as string | number | boolean | null;
  if (value === null) return null;
  if (type === "number") return Number(value);
  return type === "boolean" ? String(value) === "true" : String(value);
}

function filterType(dataType: DeclaredColumn["dataType"]): FilterColumn["type"] {
  if (dataType === "VarChar") return "text";
  if (dataType === "Bool") return "boolean";
  return dataType.startsWith("Int") ? "integer" : "number";
}

function marksOf(description: string): Marks | null {
  if (!description.startsWith("{")) return null;
  try {
    const marks = JSON.parse(description) as Partial<Marks>;
    return marks.headrace === 1 ? (marks as Marks) : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
