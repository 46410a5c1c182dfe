/** Splits text that arrives in pieces into lines. The time is proportional to the length of the text. */
import { mebibyte } from "./units.js";

const byteOrderMark = "\uFEFF";

/** Longest line of a list that somebody else may have written, in UTF-16 code units. */
export const maxLineLength = 16 * mebibyte;

export interface LineOptions {
  /** The character that ends a line. Default: a line feed. */
  readonly separator?: string;
  /** Longest line that is kept in memory, in UTF-16 code units. Default: `maxLineLength`. */
  readonly maxLength?: number;
}

/**
 * Streams the lines, without a byte order mark. Node's `readline` is not used, because it also splits at U+2028. JSON text may contain U+2028
 * inside a line. The lines may have any length: for files of our own.
 */
export async function* textLines(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const line of boundedLines(pieces, { maxLength: Number.POSITIVE_INFINITY })) if (line !== null) yield line;
}

/** Like `textLines`, but for files of anybody: null stands for a line that is longer than `maxLength`. */
export async function* boundedLines(
  pieces: AsyncIterable<string>,
  { separator = "\n", maxLength = maxLineLength }: LineOptions = {},
): AsyncGenerator<string | null> {
  const line = new OpenLine(maxLength);
  let isBeginning = true;
  for await (const piece of pieces) {
    if (piece === "") continue;
    const text = isBeginning && piece.startsWith(byteOrderMark) ? piece.slice(byteOrderMark.length) : piece;
    isBeginning = false;
    const parts = text.split(separator);
    const rest = parts.pop() ?? "";
    for (const part of parts) {
      line.add(part);
      yield line.take();
    }
    line.add(rest);
  }
  if (!line.isEmpty) yield line.take();
}

/** The beginning of a line whose end has not arrived. */
class OpenLine {
  #parts: string[] = [];
  #length = 0;

  constructor(readonly maxLength: number) {}

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  add(part: string): void {
    this.#length += part.length;
    if (this.#length > this.maxLength) this.#parts = [];
    else if (part !== "") this.#parts.push(part);
  }

  take(): string | null {
    const line = this.#length > this.maxLength ? null : this.#parts.join("");
    this.#parts = [];
    this.#length = 0;
    return line;
  }
}
