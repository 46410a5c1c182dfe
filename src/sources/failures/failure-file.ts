/** Records the failures of one run in a file of their own, in the format of dead-letter files. */
import { rm } from "node:fs/promises";
import { SerialQueue } from "../../kit/index.js";
import { type DeadLetter, deadLetterOf, type FailedOutcome } from "./dead-letter.js";
import { appendDeadLetters } from "./dead-letter-file.js";

export class FailureFile {
  readonly #writing = new SerialQueue();
  #waiting: DeadLetter[] = [];

  private constructor(readonly path: string) {}

  /** Begins an empty file. A file of an earlier run is deleted. */
  static async begin(path: string): Promise<FailureFile> {
    await rm(path, { force: true });
    return new FailureFile(path);
  }

  /** Adds a failure. Failures that arrive during a write are combined into the next write. */
  add(outcome: FailedOutcome): void {
    this.#waiting.push(deadLetterOf(outcome, new Date().toISOString()));
    // `finish` tries again what could not be written here, and throws the error.
    if (this.#waiting.length === 1) this.#writing.run(() => this.#write()).catch(() => undefined);
  }

  /** Resolves when all failures are safely on disk. Throws `disk_full` or `state_unwritable`. */
  finish(): Promise<void> {
    return this.#writing.run(() => this.#write());
  }

  async #write(): Promise<void> {
    const letters = this.#waiting;
    this.#waiting = [];
    if (letters.length === 0) return;
    try {
      await appendDeadLetters(this.path, letters);
    } catch (error) {
      this.#waiting = [...letters, ...this.#waiting];
      throw error;
    }
  }
}
