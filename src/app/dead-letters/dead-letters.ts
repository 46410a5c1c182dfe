/** Records failed images in a dead-letter file. When an image succeeds later, its entry is removed. */
import type { Outcome } from "../../contracts/index.js";
import { SerialQueue } from "../../kit/index.js";
import { appendDeadLetters, type DeadLetter, readDeadLetters, tidyDeadLetters } from "./dead-letter-file.js";

export interface DeadLettersOptions {
  /** Returns the current time. Default: the system clock. */
  readonly now?: () => Date;
  /** Receives a message for each line of the file that is not an entry. */
  readonly notice?: (message: string) => void;
}

/** Updates the dead-letter file of one collection with the outcomes of a run. Other runs may update the file at the same time. */
export class DeadLetters {
  readonly #now: () => Date;
  /** Sources that had an entry before this run. */
  readonly #before: ReadonlySet<string>;
  /** Sources that failed in this run and have not succeeded since. */
  readonly #failed = new Set<string>();
  /** Sources that succeeded in this run, with the time. Entries from a later failure in another run are kept. */
  readonly #cured = new Map<string, string>();
  #waiting: DeadLetter[] = [];
  /** The next write, which will include all waiting entries. */
  #next: Promise<void> | null = null;
  readonly #writing = new SerialQueue();
  #left: readonly DeadLetter[] = [];

  private constructor(
    readonly path: string,
    before: ReadonlySet<string>,
    now: () => Date,
  ) {
    this.#before = before;
    this.#now = now;
  }

  /** Reads the entries of earlier runs. Removes an incomplete last line that a crash left behind. */
  static async open(path: string, { now = () => new Date(), notice = () => undefined }: DeadLettersOptions = {}): Promise<DeadLetters> {
    const { letters, strange, torn } = await readDeadLetters(path);
    if (torn) await tidyDeadLetters(path, () => true);
    for (const { line } of strange)
      notice(`dead-letter file ${path}, line ${line}: expected an entry, found other text. The line is kept, but not counted.`);
    return new DeadLetters(path, new Set(letters.map(({ source }) => source)), now);
  }

  /** Number of entries in the file. Correct only after `finish`. */
  get size(): number {
    return this.#left.length;
  }

  /** Number of entries whose images did not fail in this run. Correct only after `finish`. */
  get fromEarlierRuns(): number {
    return this.#left.filter(({ source }) => !this.#failed.has(source)).length;
  }

  /** Records an outcome. When the promise of a failure resolves, its entry is safely on disk. */
  settle(outcome: Outcome): Promise<void> | undefined {
    const { source, line } = outcome.facts;
    const time = this.#now().toISOString();
    if (outcome.kind === "failed") {
      this.#failed.add(source);
      this.#cured.delete(source);
      const named = line === undefined ? {} : { line };
      return this.#add({ source, id: String(outcome.id), ...named, ...failureOf(outcome), time });
    }
    const isCured = outcome.kind === "stored" || (outcome.kind === "skipped" && outcome.reason === "known");
    // An invalid manifest line has an entry under the name of the line instead of a source.
    if (isCured) for (const name of line === undefined ? [source] : [source, line]) this.#cure(name, time);
    return undefined;
  }

  #cure(source: string, time: string): void {
    if (this.#failed.delete(source) || this.#before.has(source)) this.#cured.set(source, time);
  }

  /** Removes the entries of images that succeeded. Deletes the file if it is then empty. */
  async finish(): Promise<void> {
    await this.#writing.idle();
    const mayHaveChanged = this.#failed.size > 0 || this.#cured.size > 0;
    this.#left = mayHaveChanged
      ? await tidyDeadLetters(this.path, (letter) => this.#isDead(letter))
      : (await readDeadLetters(this.path)).letters;
  }

  #isDead({ source, time }: DeadLetter): boolean {
    const cured = this.#cured.get(source);
    return cured === undefined || cured < time;
  }

  /** Adds an entry. Entries that arrive during a write are combined into the next write. */
  #add(letter: DeadLetter): Promise<void> {
    this.#waiting.push(letter);
    if (this.#next !== null) return this.#next;
    // If a write fails, all callers that wait for it get the error. The next write is still tried.
    this.#next = this.#writing.run(() => this.#write());
    return this.#next;
  }

  #write(): Promise<void> {
    const letters = this.#waiting;
    this.#waiting = [];
    this.#next = null;
    return appendDeadLetters(this.path, letters);
  }
}

function failureOf({ error, attempts }: Extract<Outcome, { kind: "failed" }>): Pick<DeadLetter, "code" | "message" | "attempts"> {
  return { code: error.code, message: error.message, attempts };
}
