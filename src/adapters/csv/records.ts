/** Streams the records of a CSV file. A damaged record does not end the stream. */
import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { mebibyte } from "../../kit/index.js";
import { isOpenToEnd, missingPackage, problemOf } from "./errors.js";

export type CsvRecord =
  | { readonly kind: "record"; readonly line: number; readonly cells: readonly string[] }
  /** `isOpen`: the record has no end in the file. What follows was read as if its last quotation mark was missing. */
  | { readonly kind: "damaged"; readonly line: number; readonly problem: string; readonly isOpen: boolean }
  /** The file ends before the size that it had at the beginning, or has null bytes. It is the last record. */
  | { readonly kind: "cut"; readonly line: number; readonly problem: string };

/** A record is collected in memory up to this size. A missing quotation mark would otherwise collect the rest of the file. */
const maxRecordBytes = mebibyte;

export async function* csvRecords(path: string, delimiter: string, stop: AbortSignal): AsyncGenerator<CsvRecord> {
  const { parse } = await import("csv-parse").catch(missingPackage);
  const { size } = await stat(path);
  let start = 0;
  let linesBefore = 0;
  for (;;) {
    const parser = parse({
      bom: start === 0,
      delimiter,
      info: true,
      relax_column_count: true,
      relax_quotes: true,
      skip_empty_lines: true,
      max_record_size: maxRecordBytes,
    });
    const file = createReadStream(path, { start });
    file.once("error", (error) => parser.destroy(error));
    file.pipe(parser);
    let readBytes = 0;
    let lines = 0;
    let countedTwice = 0;
    let problem: string | null = null;
    let isOpen = false;
    try {
      for await (const { record, info } of parser as AsyncIterable<ParsedRecord>) {
        if (stop.aborted) return;
        if (record.some((cell) => cell.includes("\0"))) {
          yield { kind: "cut", line: linesBefore + info.lines, problem: "expected text, found null bytes" };
          return;
        }
        if (record.some(isTorn)) {
          problem = "expected a separator after a quotation mark, found text";
          break;
        }
        // csv-parse counts a line feed in a cell twice if a carriage return stands before it.
        countedTwice += record.reduce((sum, cell) => sum + cell.split("\r\n").length - 1, 0);
        lines = info.lines - countedTwice;
        readBytes = info.bytes;
        yield { kind: "record", line: linesBefore + lines, cells: record };
      }
    } catch (error) {
      isOpen = isOpenToEnd(error);
      problem = problemOf(error, maxRecordBytes);
    } finally {
      file.destroy();
    }
    const removedBytes = size - start - file.bytesRead;
    if (problem === null && removedBytes > 0) {
      yield { kind: "cut", line: linesBefore + lines + 1, problem: `${removedBytes} bytes were removed from the file meanwhile` };
    }
    if (problem === null) return;
    const next = await afterLine(path, start + readBytes);
    linesBefore += lines + next.blankLines + 1;
    yield { kind: "damaged", line: linesBefore, problem, isOpen };
    if (next.at === null) return;
    start = next.at;
  }
}

/** Quotation marks around more than one line, with text after them: one of them is missing, or too many. */
function isTorn(cell: string): boolean {
  return cell.startsWith('"') && cell.includes("\n");
}

interface ParsedRecord {
  readonly record: readonly string[];
  readonly info: { readonly bytes: number; readonly lines: number };
}

const chunkBytes = 64 * 1024;
const lineFeed = 10;
const carriageReturn = 13;

/** Finds the line that begins at `from` or after blank lines, and returns where the line after it begins. null: the file ends before. */
async function afterLine(path: string, from: number): Promise<{ readonly at: number | null; readonly blankLines: number }> {
  const file = await open(path, "r");
  try {
    let blankLines = 0;
    let isBlank = true;
    for (let at = from; ; ) {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(chunkBytes), 0, chunkBytes, at);
      if (bytesRead === 0) return { at: null, blankLines };
      for (let index = 0; index < bytesRead; index += 1) {
        if (buffer[index] !== lineFeed) isBlank &&= buffer[index] === carriageReturn;
        else if (isBlank) blankLines += 1;
        else return { at: at + index + 1, blankLines };
      }
      at += bytesRead;
    }
  } finally {
    await file.close();
  }
}

/** Returns whether the file ends in the middle of a line. An empty file does not. */
export async function endsInLine(path: string): Promise<boolean> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    const { buffer, bytesRead } = await file.read(Buffer.alloc(1), 0, 1, Math.max(0, size - 1));
    return bytesRead === 1 && buffer[0] !== lineFeed;
  } finally {
    await file.close();
  }
}
