/** Opens a Parquet file as a table, which is read one row group at a time. The bytes of images are left to the reader. */
import {
  HeadraceError,
  type ImageRef,
  type RowRange,
  type Table,
  type TableColumn,
  type TableRequest,
  type TableRow,
} from "../../contracts/index.js";
import { memberRef, type SourceFile } from "../../kit/index.js";
import { type ColumnForm, formOf } from "./columns.js";
import { topLevel } from "./elements.js";
import { checkGroups, openParquetFile, type ParquetFile, type RowsRequest } from "./file.js";
import { imageName } from "./image-names.js";
import { type FormedColumn, wideColumns } from "./wide-columns.js";

/** Throws `input_invalid` if the file cannot be read or is not a Parquet file. */
export async function openParquetTable(source: SourceFile): Promise<Table> {
  return new ParquetTable(await openParquetFile(source.path), source);
}

class ParquetTable implements Table {
  readonly columns: readonly TableColumn[];
  readonly groups: readonly RowRange[];
  readonly #forms: readonly ColumnForm[];

  constructor(
    readonly file: ParquetFile,
    readonly source: SourceFile,
  ) {
    this.groups = groupsOf(file);
    const elements = topLevel(file.metadata.schema);
    this.#forms = elements.map(formOf);
    this.columns = elements.map(({ name }, at) => ({ name, ...columnOf(this.#forms[at]!) }));
  }

  async *rows({ columns: wanted, id, range }: TableRequest, stop: AbortSignal): AsyncGenerator<TableRow> {
    const formed = this.columns.map(({ name }, at) => ({ name, form: this.#forms[at]!, isWanted: wanted.includes(name) }));
    const read = formed.filter(({ form, isWanted }) => isWanted && form.kind !== "images" && form.kind !== "other");
    const columns = read.map(({ name }) => name);
    checkGroups(this.file.metadata, columns, this.file.path);
    const wide = await this.#wide(read.filter(({ name }) => name !== id));
    if (HeadraceError.is(wide)) {
      yield { kind: "cut", number: 1, problem: `from row 1 on its content is unknown: ${wide.message}` };
      return;
    }
    const places = formed.map(({ name, form, isWanted }) => ({ name, form, isWanted, at: columns.indexOf(name), isWide: wide.has(name) }));
    for (const { start, end } of this.groups) {
      if (stop.aborted) return;
      if (range !== undefined && (start < range.start || end > range.end)) continue;
      const rows = await this.#read({ columns, rowStart: start, rowEnd: end, untyped: "bytes", values: "stored" });
      if (HeadraceError.is(rows)) {
        yield { kind: "cut", number: start + 1, problem: `from row ${start + 1} on its content is unknown: ${rows.message}` };
        return;
      }
      for (let row = start; row < end; row += 1) {
        const cells = places.map(({ name, form, isWanted, at, isWide }) => {
          if (form.kind === "images") return isWanted ? this.#image(name, row + 1, start) : null;
          const stored = at === -1 ? null : rows[row - start]?.[at];
          return stored === null || stored === undefined ? null : form.cell(stored, isWide);
        });
        yield { kind: "cells", number: row + 1, cells };
      }
    }
  }

  close(): Promise<void> {
    return this.file.close();
  }

  #wide(columns: readonly FormedColumn[]): Promise<ReadonlySet<string> | HeadraceError> {
    return orError(() => wideColumns(this.file, columns));
  }

  #read(request: RowsRequest): Promise<readonly (readonly unknown[])[] | HeadraceError> {
    return request.columns.length === 0 ? Promise.resolve([]) : orError(() => this.file.read(request));
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

function columnOf({ kind, leftOut }: ColumnForm): Pick<TableColumn, "kind" | "leftOut"> {
  return { kind, ...(leftOut === undefined ? {} : { leftOut }) };
}

/** Returns the error of rows that cannot be read. */
async function orError<T>(read: () => Promise<T>): Promise<T | HeadraceError> {
  try {
    return await read();
  } catch (error) {
    if (HeadraceError.is(error)) return error;
    throw error;
  }
}
