/** Translates errors of csv-parse. */
import { HeadraceError } from "../../contracts/index.js";

export function missingPackage(cause: unknown): never {
  throw new HeadraceError("part_missing", "reading CSV: expected the package csv-parse, found none", {
    hint: "npm install csv-parse",
    cause,
  });
}

/** Returns whether a cell has no quotation mark at its end up to the end of the file. */
export function isOpenToEnd(cause: unknown): boolean {
  return cause instanceof Error && "code" in cause && cause.code === "CSV_QUOTE_NOT_CLOSED";
}

/** Returns what is wrong with a record that csv-parse cannot parse. Throws any other error. */
export function problemOf(cause: unknown, maxRecordBytes: number): string {
  const code = cause instanceof Error && "code" in cause ? cause.code : null;
  if (code === "CSV_QUOTE_NOT_CLOSED") return "expected a quotation mark at the end of the cell, found none";
  if (code === "CSV_MAX_RECORD_SIZE") return `expected a row of at most ${maxRecordBytes} bytes, found more. Is a quotation mark missing?`;
  throw cause;
}
