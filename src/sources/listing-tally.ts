/** Counts the files that a listing left out and the manifest lines that it skipped. */
import type { HeadraceError } from "../contracts/index.js";
import type { LeftOutColumn } from "./columns.js";

/**
 * Maximum number of file extensions that are counted separately. Without a limit, file names with numbers as extensions could fill the
 * memory.
 */
const maxExtensions = 100;
const others = "(others)";
const maxColumns = 100;

/** Pass the methods of this object in a `ListingRequest`. */
export class ListingTally {
  readonly #leftOut = new Map<string, number>();
  readonly #columns = new Map<string, LeftOutColumn>();
  #skipped = 0;
  #firstSkipped: HeadraceError | null = null;

  /** Number of left-out files by file extension. */
  get leftOut(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#leftOut);
  }

  /** The columns of tables that were not stored, and why: at most 100. */
  get leftOutColumns(): readonly LeftOutColumn[] {
    return [...this.#columns.values()];
  }

  /** One sentence about the skipped manifest lines; null when no line was skipped. */
  get skippedLines(): string | null {
    if (this.#firstSkipped === null) return null;
    const what =
      this.#skipped === 1 ? "One line of the manifest was skipped" : `${this.#skipped} lines of the manifest were skipped, the first`;
    return `${what}: ${this.#firstSkipped.message}`;
  }

  readonly onLeftOut = (extension: string): void => {
    const known = this.#leftOut.has(extension) || this.#leftOut.size < maxExtensions ? extension : others;
    this.#leftOut.set(known, (this.#leftOut.get(known) ?? 0) + 1);
  };

  readonly onLeftOutColumn = (column: LeftOutColumn): void => {
    if (this.#columns.size < maxColumns) this.#columns.set(JSON.stringify(column), column);
  };

  readonly onSkippedLine = (error: HeadraceError): void => {
    this.#skipped += 1;
    this.#firstSkipped ??= error;
  };
}
