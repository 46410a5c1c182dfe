/** Decides what the columns of a Parquet file contain, and how their cells become values. */
import type { SchemaElement } from "hyparquet";
import type { ColumnKind, TableCell } from "../../contracts/index.js";
import { decimalText, exactDigits, unscaledOf } from "./decimals.js";
import { type TopElement, topLevel } from "./elements.js";
import { intervalText, type TimeUnit, timeOfDayText } from "./times.js";

export interface ColumnForm {
  readonly kind: ColumnKind;
  /** Why a column of the kind "other" is left out. */
  readonly leftOut?: string;
  /**
   * Largest magnitude of the stored numbers that a float64 holds exactly. If a column exceeds it, all its cells become text. Absent: its type
   * keeps the numbers below it.
   */
  readonly exactUpTo?: bigint;
  /** `stored`: not null. `isWide`: whether the column exceeds `exactUpTo`. */
  readonly cell: (stored: unknown, isWide: boolean) => TableCell;
}

const exactIntegers = BigInt(Number.MAX_SAFE_INTEGER);

export function formOf(element: TopElement): ColumnForm {
  const { type, below, repetition_type: repetition } = element;
  const logical = typeOf(element);
  if (isBytes(element) || below.some((child) => child.name === "bytes" && isBytes(child))) return plain("images");
  if (below.length > 0 || repetition === "REPEATED") return nested([element, ...below]);
  switch (logical) {
    case "NULL":
      return leftOut("it has no values");
    case "BSON":
      return leftOut("BSON");
    case "DECIMAL":
      return decimal(element);
    case "INTERVAL":
      return { kind: "text", cell: (stored) => intervalText(stored as Uint8Array) };
    case "TIME":
      return { kind: "text", cell: (stored) => timeOfDayText(stored as number | bigint, unitOf(element)) };
    case "DATE":
    case "TIMESTAMP":
    case "UUID":
      return plain("text");
    case "FLOAT16":
      return plain("number");
  }
  if (type === "BOOLEAN") return plain("boolean");
  if (type === "BYTE_ARRAY" || type === "INT96") return plain("text");
  if (type === "FIXED_LEN_BYTE_ARRAY") return leftOut("bytes");
  return type === "INT64" ? { ...plain("number"), exactUpTo: exactIntegers } : plain("number");
}

/** Returns the schema for reading the stored bytes and numbers of decimals and intervals, which hyparquet rounds or refuses. */
export function storedSchema(schema: readonly SchemaElement[]): SchemaElement[] {
  const top = new Set(topLevel(schema).map(({ element }) => element));
  return schema.map((element) => {
    if (!top.has(element) || !["DECIMAL", "INTERVAL"].includes(typeOf(element))) return element;
    const { converted_type: _, logical_type: __, ...stored } = element;
    return stored;
  });
}

function decimal({ scale = 0, precision = 0 }: SchemaElement): ColumnForm {
  return {
    kind: "number",
    ...(precision > exactDigits ? { exactUpTo: scale === 0 ? exactIntegers : 10n ** BigInt(exactDigits) - 1n } : {}),
    cell: (stored, isWide) => {
      const unscaled = unscaledOf(stored);
      if (scale === 0) return isWide ? String(unscaled) : unscaled;
      return isWide ? decimalText(unscaled, scale) : Number(decimalText(unscaled, scale));
    },
  };
}

function plain(kind: ColumnKind): ColumnForm {
  return { kind, cell: (stored, isWide) => (isWide ? String(stored) : plainCell(stored)) };
}

function plainCell(stored: unknown): TableCell {
  if (typeof stored === "number") return Number.isFinite(stored) ? stored : null;
  if (typeof stored === "string" || typeof stored === "boolean" || typeof stored === "bigint") return stored;
  return stored instanceof Uint8Array ? textOf(stored) : JSON.stringify(stored);
}

function nested(elements: readonly SchemaElement[]): ColumnForm {
  const isUnreadable = (element: SchemaElement): boolean =>
    isBytes(element) || isFixedBytes(element) || ["BSON", "INTERVAL"].includes(typeOf(element));
  if (elements.some(isUnreadable)) return leftOut("a list or a struct with bytes");
  const hasDecimals = elements.some((element) => typeOf(element) === "DECIMAL");
  return { kind: "json", cell: (stored) => JSON.stringify(stored, (_, inner: unknown) => jsonValue(inner, hasDecimals)) };
}

/** Whole numbers that JSON readers round become text. hyparquet multiplies decimals, which leaves traces behind the last digit. */
function jsonValue(value: unknown, hasDecimals: boolean): unknown {
  if (typeof value === "bigint") return value <= exactIntegers && value >= -exactIntegers ? Number(value) : String(value);
  if (value instanceof Uint8Array) return textOf(value);
  return hasDecimals && typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(exactDigits)) : value;
}

function leftOut(reason: string): ColumnForm {
  return { kind: "other", leftOut: reason, cell: () => null };
}

function typeOf({ logical_type: logical, converted_type: converted }: SchemaElement): string {
  const [, time] = /^(TIME|TIMESTAMP)_M/.exec(converted ?? "") ?? [];
  return logical?.type ?? time ?? converted ?? "";
}

function unitOf({ logical_type: logical, converted_type: converted }: SchemaElement): TimeUnit {
  if (logical?.type === "TIME") return logical.unit;
  return converted === "TIME_MILLIS" ? "MILLIS" : "MICROS";
}

/** Bytes without a type. Images are such bytes. */
function isBytes({ type, converted_type, logical_type, repetition_type }: SchemaElement): boolean {
  return type === "BYTE_ARRAY" && converted_type === undefined && logical_type === undefined && repetition_type !== "REPEATED";
}

function isFixedBytes(element: SchemaElement): boolean {
  return element.type === "FIXED_LEN_BYTE_ARRAY" && !["UUID", "FLOAT16", "DECIMAL"].includes(typeOf(element));
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}
