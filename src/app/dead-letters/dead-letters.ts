/** Records failed images in a dead-letter file. When an image succeeds later, its entry is removed. */
import type { Outcome } from "../../contracts/index.js";
import { HashTable, hashOfText, SerialQueue } from "../../kit/index.js";
import { type DeadLetter, deadLetterOf } from "./dead-letter.js";
import { appendDeadLetters, damagedPath, surveyDeadLetters, tidyDeadLetters } from "./dead-letter-file.js";

export interface DeadLettersOptions {
  /** Returns the current time. Default: the system clock. */
  readonly now?: () => Date;
  /** Receives a message if the file has lines that are not entries. */
  readonly notice?: (message: string) => void;
}

/** Updates the dead-letter file of one collection with the outcomes of a run. Other runs may update the file at the same time. */
export class DeadLetters {
  readonly #now: () => Date;
  readonly #notice: (message: string) => void;
  readonly #sources = new SourceStates();
  #waiting: DeadLetter[] = [];
  /** The next write, which will include all waiting entries. */
  #next: Promise<void> | null = null;
  readonly #writing = new SerialQueue();
  #hasChanged = false;
  #left = { all: 0, earlier: 0 };

  private constructor(
    readonly path: string,
    { now = () => new Date(), notice = () => undefined }: DeadLettersOptions,
  ) {
    this.#now = now;
    this.#notice = notice;
  }

  /** Reads the entries of earlier runs. Sets lines aside that are not entries. Removes an incomplete last line that a crash left behind. */
  static async open(path: string, options: DeadLettersOptions = {}): Promise<DeadLetters> {
    const letters = new DeadLetters(path, options);
    const { strange, torn } = await surveyDeadLetters(path, ({ source }) => letters.#sources.foundEarlier(source));
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
    const { source, line } = outcome.facts;
    const now = this.#now();
    if (outcome.kind === "failed") {
      this.#sources.failed(source);
      return this.#add(deadLetterOf(outcome, now.toISOString()));
    }
    const isCured = outcome.kind === "stored" || (outcome.kind === "skipped" && outcome.reason === "known");
    // An invalid manifest line has an entry under the name of the line instead of a source.
    if (isCured)
      for (const name of line === undefined ? [source] : [source, line])
        if (this.#sources.cured(name, now.getTime())) this.#hasChanged = true;
    return undefined;
  }

  /**
   * Removes the entries of images that succeeded, and of the files `listed`, all of whose images have an outcome. Deletes the file if it is
   * then empty.
   */
  async finish(listed: Iterable<string> = []): Promise<void> {
    await this.#writing.idle();
    for (const uri of listed) if (this.#sources.cured(uri, this.#now().getTime())) this.#hasChanged = true;
    if (this.#hasChanged) {
      let earlier = 0;
      const all = await this.#tidy((letter) => {
        const isDead = this.#sources.isDead(letter);
        if (isDead && !this.#sources.hasFailed(letter.source)) earlier += 1;
        return isDead;
      });
      this.#left = { all, earlier };
    } else {
      const { sources } = await surveyDeadLetters(this.path, () => undefined);
      this.#left = { all: sources, earlier: sources };
    }
  }

  async #tidy(isDead: (letter: DeadLetter) => boolean): Promise<number> {
    const { kept, setAside, firstSetAside } = await tidyDeadLetters(this.path, isDead);
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

/** What is known about each source that has or had an entry. Needs 28 to 42 bytes of memory per source. */
class SourceStates {
  /** By source: its state, and the time of its success. */
  readonly #states = new HashTable({ values: 3 });
  #isEmpty = true;

  foundEarlier(source: string): void {
    this.#isEmpty = false;
    this.#states.first(hashOfText(source), [state.earlier, 0, 0]);
  }

  failed(source: string): void {
    this.#isEmpty = false;
    this.#states.set(hashOfText(source), [state.failed, 0, 0]);
  }

  /** Returns false if the source has no entry. */
  cured(source: string, timeMs: number): boolean {
    if (this.#isEmpty) return false;
    const hash = hashOfText(source);
    if (this.#states.get(hash) === null) return false;
    this.#states.set(hash, [state.cured, Math.floor(timeMs / word), timeMs % word]);
    return true;
  }

  hasFailed(source: string): boolean {
    return this.#states.get(hashOfText(source))?.[0] === state.failed;
  }

  /** An entry stays if its source did not succeed, or failed again afterwards in another run. */
  isDead({ source, time }: DeadLetter): boolean {
    const [found, high = 0, low = 0] = this.#states.get(hashOfText(source)) ?? [];
    return found !== state.cured || high * word + low < Date.parse(time);
  }
}

const state = { earlier: 0, failed: 1, cured: 2 } as const;
/** 2³²: the table stores numbers of 32 bits. */
const word = 0x1_0000_0000;
