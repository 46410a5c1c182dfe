/** What a listing came upon beside images: files that it left out, lines that it skipped. */
import type { HeadraceError } from "../../contracts/index.js";

/** Endings that are told apart; files with numbers for endings must not fill the memory. */
const maxEndings = 100;
const others = "(others)";

/** Its methods go into a `ListingRequest`. */
export class ListingTally {
  readonly #leftOut = new Map<string, number>();
  #skipped = 0;
  #firstSkipped: HeadraceError | null = null;

  /** Files by ending. */
  get leftOut(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#leftOut);
  }

  /** One sentence, or null when no line was skipped. */
  get skippedLines(): string | null {
    if (this.#firstSkipped === null) return null;
    const what =
      this.#skipped === 1 ? "One line of the manifest was skipped" : `${this.#skipped} lines of the manifest were skipped, the first`;
    return `${what}: ${this.#firstSkipped.message}`;
  }

  readonly onLeftOut = (ending: string): void => {
    const known = this.#leftOut.has(ending) || this.#leftOut.size < maxEndings ? ending : others;
    this.#leftOut.set(known, (this.#leftOut.get(known) ?? 0) + 1);
  };

  readonly onSkippedLine = (error: HeadraceError): void => {
    this.#skipped += 1;
    this.#firstSkipped ??= error;
  };
}
