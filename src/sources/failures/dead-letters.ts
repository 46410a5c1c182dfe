/** Records failed images in a dead-letter file. When an image succeeds later, its entry is removed. */
import type { Outcome } from "../../contracts/index.js";
import { SerialQueue } from "../../kit/index.js";
import { type DeadLetter, deadLetterOf } from "./dead-letter.js";
import { appendDeadLetters, type DeadLetterReading, damagedPath, surveyDeadLetters, tidyDeadLetters } from "./dead-letter-file.js";
import { idName, sourceName } from "./entry-name.js";
import { EntryStates } from "./entry-states.js";

export interface DeadLettersOptions extends DeadLetterReading {
  /** Returns the current time. Default: the system clock. */
  readonly now?: () => Date;
  /** Receives a message if the file has lines that are not entries. */
  readonly notice?: (message: string) => void;
}

/** Updates the dead-letter file of one collection with the outcomes of a run. Other runs may update the file at the same time. */
export class DeadLetters {
  readonly #now: () => Date;
  readonly #notice: (message: string) => void;
  readonly #reading: DeadLetterReading;
  readonly #entries = new EntryStates();
  #waiting: DeadLetter[] = [];
  /** The next write, which will include all waiting entries. */
  #next: Promise<void> | null = null;
  readonly #writing = new SerialQueue();
  #hasChanged = false;
  #left = { all: 0, earlier: 0 };

  private constructor(
    readonly path: string,
    { now = () => new Date(), notice = () => undefined, ...reading }: DeadLettersOptions,
  ) {
    this.#reading = reading;
    this.#now = now;
    this.#notice = notice;
  }

  /** Reads the entries of earlier runs. Sets lines aside that are not entries. Removes an incomplete last line that a crash left behind. */
  static async open(path: string, options: DeadLettersOptions = {}): Promise<DeadLetters> {
    const letters = new DeadLetters(path, options);
    const { strange, torn } = await surveyDeadLetters(path, (letter) => letters.#entries.foundEarlier(letter), options);
    if (strange > 0 || torn) await letters.#tidy(() => true);
    return letters;
  }

  /** Number of entries in the file. Correct only after `finish`. */
  get size(): number {
    return this.#left.all;
  }

  /** Number of entries whose images did not fail in this run. Correct only after `finish`. */
  get fromEarlierRuns(): number {
    return this.#left.earlier;
  }

  /** Records an outcome. When the promise of a failure resolves, its entry is safely on disk. */
  settle(outcome: Outcome): Promise<void> | undefined {
    const now = this.#now();
    if (outcome.kind === "failed") {
      const letter = deadLetterOf(outcome, now.toISOString());
      this.#entries.failed(letter);
      return this.#add(letter);
    }
    const isCured = outcome.kind === "stored" || (outcome.kind === "skipped" && outcome.reason === "known");
    if (!isCured || this.#entries.isEmpty) return undefined;
    const { source, line } = outcome.facts;
    this.#cure(idName(outcome.id), "also of this run");
    this.#cure(sourceName(source), "of earlier runs");
    // An invalid manifest line has an entry under the name of the line instead of a source.
    if (line !== undefined) this.#cure(sourceName(line), "also of this run");
    return undefined;
  }

  /**
   * Removes the entries of images that succeeded, and of the files `listed`, all of whose images have an outcome. Deletes the file if it is
   * then empty.
   */
  async finish(listed: Iterable<string> = []): Promise<void> {
    await this.#writing.idle();
    for (const uri of listed) this.#cure(sourceName(uri), "also of this run");
    if (this.#hasChanged) {
      let earlier = 0;
      const all = await this.#tidy((letter) => {
        const isDead = this.#entries.isDead(letter);
        if (isDead && !this.#entries.hasFailed(letter)) earlier += 1;
        return isDead;
      });
      this.#left = { all, earlier };
    } else {
      const { entries } = await surveyDeadLetters(this.path, () => undefined, this.#reading);
      this.#left = { all: entries, earlier: entries };
    }
  }

  #cure(name: string, which: "also of this run" | "of earlier runs"): void {
    if (this.#entries.cured(name, this.#now().getTime(), which)) this.#hasChanged = true;
  }

  async #tidy(isDead: (letter: DeadLetter) => boolean): Promise<number> {
    const { kept, setAside, firstSetAside } = await tidyDeadLetters(this.path, isDead, this.#reading);
    if (setAside > 0) {
      const lines =
        setAside === 1 ? `line ${firstSetAside} is not an entry` : `${setAside} lines are not entries, the first is line ${firstSetAside}`;
      this.#notice(`dead-letter file ${this.path}: ${lines}. Moved to ${damagedPath(this.path)}.`);
    }
    return kept;
  }

  /** Adds an entry. Entries that arrive during a write are combined into the next write. */
  #add(letter: DeadLetter): Promise<void> {
    this.#hasChanged = true;
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
