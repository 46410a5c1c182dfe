/** Writes results to stdout and everything else to stderr, with one live progress line on a terminal. */
import { clearScreenDown, cursorTo, moveCursor } from "node:readline";
import { type ExitCode, exitCodes } from "./exit.js";
import { printable } from "./printable-text.js";

export interface OutputOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** An output stream. `columns` and `isTTY` are set only for a terminal. */
export type OutputStream = NodeJS.WritableStream & { readonly columns?: number; readonly isTTY?: boolean };

export interface OutputStreams {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
}

/** With `--json`, stdout gets one JSON document and nothing else. With `--quiet`, only results and errors are printed. */
export class Terminal {
  /** Number of characters in the current live line. */
  #lineChars = 0;

  constructor(
    readonly options: OutputOptions,
    readonly streams: OutputStreams = process,
  ) {}

  get isJson(): boolean {
    return this.options.json === true;
  }

  /** True when stderr is a terminal, where the progress line can be overwritten. */
  get isLive(): boolean {
    return this.streams.stderr.isTTY === true && this.options.quiet !== true;
  }

  /** Maximum number of characters on one line. */
  get width(): number {
    return (this.streams.stderr.columns || 80) - 1;
  }

  /** Prints a result: as JSON with `--json`, otherwise as text. */
  result(document: object, text: string): void {
    this.clear();
    this.streams.stdout.write(this.isJson ? `${JSON.stringify(document, bigintAsText)}\n` : printable(text));
  }

  /** Prints the summary of a run. With `--quiet`, prints it only when the exit code is not 0. */
  summary(document: object, text: string, code: ExitCode): void {
    if (this.isJson || this.options.quiet !== true || code !== exitCodes.ok) this.result(document, text);
  }

  /** Prints a note for people. */
  note(text: string): void {
    if (this.options.quiet === true) return;
    this.clear();
    this.streams.stderr.write(`${printable(text)}\n`);
  }

  /** Replaces the live line. */
  line(text: string): void {
    this.clear();
    const shown = text.length > this.width ? `${text.slice(0, this.width - 1)}…` : text;
    this.streams.stderr.write(shown);
    this.#lineChars = shown.length;
  }

  /** Removes the live line. If the terminal became narrower, the line wraps over several rows. All of them are cleared. */
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
