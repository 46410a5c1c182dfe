/** Where text goes: results to stdout, all else to stderr, one line that is written over on a terminal. */
import { clearScreenDown, cursorTo, moveCursor } from "node:readline";
import { type ExitCode, exitCodes } from "./exit.js";
import { printable } from "./printable-text.js";

export interface OutputOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** What it takes of a stream: `columns` and `isTTY` only where that is a terminal. */
export type OutputStream = NodeJS.WritableStream & { readonly columns?: number; readonly isTTY?: boolean };

export interface OutputStreams {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
}

/** With `--json` stdout carries one document and nothing else; `--quiet` keeps only results and errors. */
export class Terminal {
  /** Characters of the line that is there now. */
  #lineChars = 0;

  constructor(
    readonly options: OutputOptions,
    readonly streams: OutputStreams = process,
  ) {}

  get isJson(): boolean {
    return this.options.json === true;
  }

  /** True when a line on stderr can be written over. */
  get isLive(): boolean {
    return this.streams.stderr.isTTY === true && this.options.quiet !== true;
  }

  /** Characters that a line may have without wrapping. */
  get width(): number {
    return (this.streams.stderr.columns || 80) - 1;
  }

  /** A result: the document with `--json`, else the text. */
  result(document: object, text: string): void {
    this.clear();
    this.streams.stdout.write(this.isJson ? `${JSON.stringify(document, bigintAsText)}\n` : printable(text));
  }

  /** The summary of a run; with `--quiet` only of one that did not end well. */
  summary(document: object, text: string, code: ExitCode): void {
    if (this.isJson || this.options.quiet !== true || code !== exitCodes.ok) this.result(document, text);
  }

  /** Something on the way, for people. */
  note(text: string): void {
    if (this.options.quiet === true) return;
    this.clear();
    this.streams.stderr.write(`${printable(text)}\n`);
  }

  /** Writes over the line that is there. */
  line(text: string): void {
    this.clear();
    const shown = text.length > this.width ? `${text.slice(0, this.width - 1)}…` : text;
    this.streams.stderr.write(shown);
    this.#lineChars = shown.length;
  }

  /** A terminal that was made narrower since shows the line on several rows: all of them go. */
  clear(): void {
    if (this.#lineChars === 0) return;
    const rows = Math.ceil(this.#lineChars / (this.width + 1));
    moveCursor(this.streams.stderr, 0, 1 - rows);
    cursorTo(this.streams.stderr, 0);
    clearScreenDown(this.streams.stderr);
    this.#lineChars = 0;
  }
}

function bigintAsText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}
