/** Writes results to stdout and everything else to stderr, with live lines on a terminal. */
import { clearScreenDown, cursorTo, moveCursor } from "node:readline";
import { type ExitCode, exitCodes } from "./exit.js";
import { printable } from "./printable-text.js";

export interface OutputOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** An output stream. `columns`, `rows` and `isTTY` are set only for a terminal. */
export type OutputStream = NodeJS.WritableStream & { readonly columns?: number; readonly rows?: number; readonly isTTY?: boolean };

export interface OutputStreams {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
}

/** With `--json`, stdout gets one JSON document and nothing else. With `--quiet`, only results and errors are printed. */
export class Terminal {
  /** Numbers of characters in the current live lines. */
  #liveChars: readonly number[] = [];

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
    this.lines([text]);
  }

  /** Replaces the live lines. Those that the terminal has no room for are left out. */
  lines(texts: readonly string[]): void {
    this.clear();
    const shown = texts
      .slice(0, Math.max(1, (this.streams.stderr.rows || 24) - 1))
      .map(printable)
      .map((text) => (text.length > this.width ? `${text.slice(0, this.width - 1)}…` : text));
    this.streams.stderr.write(shown.join("\n"));
    this.#liveChars = shown.map(({ length }) => length);
  }

  /** Removes the live lines. If the terminal became narrower, a line wraps over several rows. All of them are cleared. */
  clear(): void {
    if (this.#liveChars.every((chars) => chars === 0)) return;
    const rows = this.#liveChars.reduce((sum, chars) => sum + Math.max(1, Math.ceil(chars / (this.width + 1))), 0);
    moveCursor(this.streams.stderr, 0, 1 - rows);
    cursorTo(this.streams.stderr, 0);
    clearScreenDown(this.streams.stderr);
    this.#liveChars = [];
  }
}

function bigintAsText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}
