/** Opens a CSV or TSV file as a table. The first line names the columns. */
import type { ColumnKind, Table, TableCell, TableColumn, TableRequest, TableRow } from "../../contracts/index.js";
import { fileError, fileInvalid } from "../../kit/index.js";
import { type CsvRecord, csvRecords, endsInLine } from "./records.js";

/**
 * Reads the whole file once, to learn the kinds of the columns: a column is "number" or "boolean" if all its cells are. So `007` stays text,
 * and a column does not change its type in the middle. A file whose only separators are semicolons or tabs is read with these. Throws `input_invalid` if the file cannot be read or has no header.
 */
export async function openCsvTable(path: string, delimiter: "," | "\t" | ";", stop: AbortSignal): Promise<Table> {
  try {
    const columns = await columnsOf(path, delimiter, stop);
    const other = delimiter === "," ? otherDelimiter(columns) : null;
    return other === null ? new CsvTable(path, delimiter, columns) : new CsvTable(path, other, await columnsOf(path, other, stop));
  } catch (cause) {
    throw fileError(cause, path, "read");
  }
}

/** Programs in many countries write semicolons, because numbers have commas there. */
function otherDelimiter([first, ...others]: readonly TableColumn[]): ";" | "\t" | null {
  if (first === undefined || others.length > 0) return null;
  return first.name.includes(";") ? ";" : first.name.includes("\t") ? "\t" : null;
}

class CsvTable implements Table {
  constructor(
    readonly path: string,
    readonly delimiter: string,
    readonly columns: readonly TableColumn[],
  ) {}

  async *rows(request: TableRequest, stop: AbortSignal): AsyncGenerator<TableRow> {
    let isHeader = true;
    /** A row that cannot be used waits: it may be the end of a file that was cut. */
    let waiting: DamagedRow | null = null;
    /** The line of a cell without an end, if no row after it could be used. */
    let openLine: number | null = null;
    for await (const found of csvRecords(this.path, this.delimiter, stop)) {
      if (isHeader && found.kind === "record") {
        isHeader = false;
        continue;
      }
      if (waiting !== null) yield waiting;
      waiting = null;
      if (found.kind === "cut") {
        yield cutRow(found.line, found.problem);
        return;
      }
      const row: TableRow = found.kind === "damaged" ? damagedRow(found) : this.#row(found.line, found.cells, request);
      if (row.kind === "cells") openLine = null;
      else if (found.kind === "damaged" && found.isOpen) openLine ??= found.line;
      if (row.kind === "damaged") waiting = row;
      else yield row;
    }
    if (waiting === null || stop.aborted) return;
    if (openLine !== null || (await endsInLine(this.path))) yield cutRow(openLine ?? waiting.number, waiting.problem);
    else yield waiting;
  }

  async close(): Promise<void> {}

  #row(number: number, cells: readonly string[], { columns, id }: TableRequest): TableRow {
    if (cells.length !== this.columns.length) {
      return { kind: "damaged", number, problem: `expected ${this.columns.length} cells, as the header has, found ${cells.length}` };
    }
    return {
      kind: "cells",
      number,
      cells: this.columns.map(({ name, kind }, at) =>
        columns.includes(name) ? cellOf(cells[at] ?? "", name === id ? "text" : kind) : null,
      ),
    };
  }
}

type DamagedRow = Extract<TableRow, { kind: "damaged" }>;

function damagedRow({ line, problem }: Extract<CsvRecord, { kind: "damaged" }>): DamagedRow {
  return { kind: "damaged", number: line, problem };
}

function cutRow(line: number, problem: string): TableRow {
  return { kind: "cut", number: line, problem: `from line ${line} on its content is unknown: ${problem}` };
}

async function columnsOf(path: string, delimiter: string, stop: AbortSignal): Promise<readonly TableColumn[]> {
  let names: readonly string[] | null = null;
  let kinds: (ColumnKind | null)[] = [];
  for await (const found of csvRecords(path, delimiter, stop)) {
    if (found.kind !== "record") {
      if (names === null) throw fileInvalid(path, `line ${found.line}: ${found.problem}`);
    } else if (names === null) {
      names = found.cells.map((name) => name.trim());
      kinds = names.map(() => null);
    } else if (found.cells.length === names.length) {
      kinds = kinds.map((kind, at) => joined(kind, kindOf(found.cells[at] ?? "")));
    }
  }
  if (names === null) throw fileInvalid(path, "expected a first line with the names of the columns, found an empty file");
  return names.map((name, at) => ({ name, kind: kinds[at] ?? "text" }));
}

/** Numbers that become the same text again, up to trailing zeros. Longer ones would lose digits; `007` would lose its zeros. */
const numberPattern = /^-?(0|[1-9]\d*)(\.\d+)?(e[+-]?\d{1,2})?$/i;
const maxDigits = 15;

/** null: an empty cell, which has no kind. */
function kindOf(text: string): ColumnKind | null {
  if (text === "") return null;
  if (/^(true|false)$/i.test(text)) return "boolean";
  return numberPattern.test(text) && text.replace(/e.*$|\D/gi, "").length <= maxDigits ? "number" : "text";
}

function joined(one: ColumnKind | null, other: ColumnKind | null): ColumnKind | null {
  if (one === null || other === null || one === other) return one ?? other;
  return "text";
}

function cellOf(text: string, kind: ColumnKind): TableCell {
  if (text === "") return null;
  if (kind === "number") return Number(text);
  return kind === "boolean" ? text.toLowerCase() === "true" : text;
}
