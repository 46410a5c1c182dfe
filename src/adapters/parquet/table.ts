/** Opens a Parquet file as a table, which is read one row group at a time. The bytes of images are left to the reader. */
import type { SchemaElement } from "hyparquet";
import {
  type ColumnKind,
  HeadraceError,
  type ImageRef,
  type RowRange,
  type Table,
  type TableCell,
  type TableColumn,
  type TableRow,
} from "../../contracts/index.js";
import { memberRef, type SourceFile } from "../../kit/index.js";
import { checkGroups, openParquetFile, type ParquetFile, type RowsRequest, topLevel } from "./file.js";
import { imageName } from "./image-names.js";

/** Throws `input_invalid` if the file cannot be read or is not a Parquet file. */
export async function openParquetTable(source: SourceFile): Promise<Table> {
  return new ParquetTable(await openParquetFile(source.path), source);
}

class ParquetTable implements Table {
  readonly columns: readonly TableColumn[];
  readonly groups: readonly RowRange[];

  constructor(
    readonly file: ParquetFile,
    readonly source: SourceFile,
  ) {
    this.groups = groupsOf(file);
    this.columns = topLevel(file.metadata.schema).map((element) => ({ name: element.name, kind: kindOf(element) }));
  }

  async *rows(wanted: readonly string[], stop: AbortSignal, range?: RowRange): AsyncGenerator<TableRow> {
    const read = this.columns.filter(({ name, kind }) => wanted.includes(name) && kind !== "images" && kind !== "other");
    const columns = read.map(({ name }) => name);
    checkGroups(this.file.metadata, columns, this.file.path);
    const positions = this.columns.map(({ name }) => columns.indexOf(name));
    for (const { start, end } of this.groups) {
      if (stop.aborted) return;
      if (range !== undefined && (start < range.start || end > range.end)) continue;
      const rows = await this.#read({ columns, rowStart: start, rowEnd: end, untyped: "text" });
      if (HeadraceError.is(rows)) {
        yield { kind: "cut", number: start + 1, problem: `from row ${start + 1} on its content is unknown: ${rows.message}` };
        return;
      }
      for (let row = start; row < end; row += 1) {
        const cells = this.columns.map(({ name, kind }, at) => {
          if (kind === "images") return wanted.includes(name) ? this.#image(name, row + 1, start) : null;
          return positions[at] === -1 ? null : cellOf(rows[row - start]?.[positions[at] ?? 0]);
        });
        yield { kind: "cells", number: row + 1, cells };
      }
    }
  }

  close(): Promise<void> {
    return this.file.close();
  }

  /** Returns the error of rows that cannot be read. */
  async #read(request: RowsRequest): Promise<readonly (readonly unknown[])[] | HeadraceError> {
    if (request.columns.length === 0) return [];
    try {
      return await this.file.read(request);
    } catch (error) {
      if (HeadraceError.is(error)) return error;
      throw error;
    }
  }

  #image(column: string, row: number, group: number): ImageRef {
    const { copyOf } = this.source;
    const mark: Readonly<Record<string, string>> = copyOf === undefined ? {} : { mark: copyOf.version };
    const known = { version: copyOf?.version ?? this.file.version, sizeBytes: null, hints: { ...mark, group: String(group) } };
    return memberRef({ ...this.source, scheme: "parquet" }, imageName(column, row), known);
  }
}

function groupsOf({ metadata }: ParquetFile): readonly RowRange[] {
  let end = 0;
  return metadata.row_groups.map(({ num_rows: rows }) => {
    const start = end;
    end += Number(rows);
    return { start, end };
  });
}

/** Images are bytes, or a struct with bytes, as in data sets of Hugging Face. */
function kindOf({ below, ...element }: SchemaElement & { readonly below: readonly SchemaElement[] }): ColumnKind {
  if (isBytes(element) || below.some((child) => child.name === "bytes" && isBytes(child))) return "images";
  if (below.length > 0) return "json";
  switch (element.type) {
    case "BOOLEAN":
      return "boolean";
    case "BYTE_ARRAY":
      return "text";
    case "INT96":
      return "text";
    case "FIXED_LEN_BYTE_ARRAY":
      return element.logical_type?.type === "UUID" ? "text" : element.logical_type?.type === "FLOAT16" ? "number" : "other";
    default:
      return isTime(element) ? "text" : "number";
  }
}

function isBytes({ type, converted_type, logical_type, repetition_type }: SchemaElement): boolean {
  return type === "BYTE_ARRAY" && converted_type === undefined && logical_type === undefined && repetition_type !== "REPEATED";
}

function isTime({ converted_type, logical_type }: SchemaElement): boolean {
  return ["DATE", "TIMESTAMP"].includes(logical_type?.type ?? "") || /^(DATE|TIMESTAMP_)/.test(converted_type ?? "");
}

function cellOf(value: unknown): TableCell {
  if (value === null || value === undefined) return null;
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value === "string" || typeof value === "boolean" || typeof value === "bigint") return value;
  if (value instanceof Date) return value.toISOString().replace(/T00:00:00\.000Z$/, "");
  return JSON.stringify(value, (_, inner: unknown) => (typeof inner === "bigint" ? Number(inner) : inner));
}
