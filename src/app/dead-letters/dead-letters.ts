/** What failed, as JSON lines beside the data; a later success removes the entry. */
import type { Outcome } from "../../contracts/index.js";
import { SerialQueue } from "../../kit/index.js";
import { appendDeadLetters, type DeadLetter, readDeadLetters, tidyDeadLetters } from "./dead-letter-file.js";

export interface DeadLettersOptions {
  /** Default: the clock. */
  readonly now?: () => Date;
  /** Told of lines that cannot be read. */
  readonly notice?: (message: string) => void;
}

/** Keeps the dead-letter file of one collection true to the outcomes of a run, beside other runs that do the same. */
export class DeadLetters {
  readonly #now: () => Date;
  /** Sources that were dead before this run. */
  readonly #before: ReadonlySet<string>;
  /** Sources that this run has seen fail, and not succeed since. */
  readonly #failed = new Set<string>();
  /** Sources that succeeded, and when, so that a later failure of another run is kept. */
  readonly #cured = new Map<string, string>();
  #waiting: DeadLetter[] = [];
  /** The write that takes what waits now. */
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

  /** Reads what earlier runs left. A last line that a crash cut off is dropped. */
  static async open(path: string, { now = () => new Date(), notice = () => undefined }: DeadLettersOptions = {}): Promise<DeadLetters> {
    const { letters, strange, torn } = await readDeadLetters(path);
    if (torn) await tidyDeadLetters(path, () => true);
    for (const { line } of strange)
      notice(`The dead-letter file ${path} has a line ${line} that is no entry: it is kept, and not counted.`);
    return new DeadLetters(path, new Set(letters.map(({ source }) => source)), now);
  }

  /** How many sources are dead; known after `finish`. */
  get size(): number {
    return this.#left.length;
  }

  /** Those of them that this run has not seen fail; known after `finish`. */
  get fromEarlierRuns(): number {
    return this.#left.filter(({ source }) => !this.#failed.has(source)).length;
  }

  /** Takes note of an outcome; durable when the promise resolves. */
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
    // A manifest's line that could not be used had no other name.
    if (isCured) for (const name of line === undefined ? [source] : [source, line]) this.#cure(name, time);
    return undefined;
  }

  #cure(source: string, time: string): void {
    if (this.#failed.delete(source) || this.#before.has(source)) this.#cured.set(source, time);
  }

  /** Drops the entries that were cured, and removes an empty file. */
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

  /** What fails while one write is under way goes into the next one together. */
  #add(letter: DeadLetter): Promise<void> {
    this.#waiting.push(letter);
    if (this.#next !== null) return this.#next;
    // Whoever waits for the write is told of its failure; the next one tries for itself.
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
