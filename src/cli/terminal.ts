/** Where text goes: results to stdout, all else to stderr, one line that is written over on a terminal. */
import { clearLine, cursorTo } from "node:readline";

export interface OutputOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** With `--json` stdout carries one document and nothing else; `--quiet` keeps only results and errors. */
export class Terminal {
  #hasLine = false;

  constructor(readonly options: OutputOptions) {}

  get isJson(): boolean {
    return this.options.json === true;
  }

  /** True when a line on stderr can be written over. */
  get isLive(): boolean {
    return process.stderr.isTTY === true && this.options.quiet !== true;
  }

  /** A result: the document with `--json`, else the text. */
  result(document: object, text: string): void {
    this.clear();
    process.stdout.write(this.isJson ? `${JSON.stringify(document, bigintAsText)}\n` : text);
  }

  /** Something on the way, for people. */
  note(text: string): void {
    if (this.options.quiet === true) return;
    this.clear();
    process.stderr.write(`${text}\n`);
  }

  /** Writes over the line that is there. */
  line(text: string): void {
    const width = process.stderr.columns ?? 80;
    this.clear();
    process.stderr.write(text.length >= width ? `${text.slice(0, width - 2)}…` : text);
    this.#hasLine = true;
  }

  clear(): void {
    if (!this.#hasLine) return;
    cursorTo(process.stderr, 0);
    clearLine(process.stderr, 0);
    this.#hasLine = false;
  }
}

function bigintAsText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}
