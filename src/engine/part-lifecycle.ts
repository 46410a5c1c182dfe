/** Opens and closes the parts of a run: source, stages and sink. */
import type { Part } from "../contracts/index.js";
import { within } from "../kit/index.js";
import { runError } from "./errors.js";
import type { Halt } from "./halt.js";

export interface PartLifecycleOptions {
  /** Parts in the order in which they are opened. A part that is listed twice is opened and closed once. */
  readonly parts: readonly Part[];
  readonly halt: Halt;
  /** Time limit for closing a part after a hard stop. */
  readonly closeGraceMs: number;
  readonly notice: (message: string) => void;
}

export class PartLifecycle {
  readonly #options: PartLifecycleOptions;
  readonly #opened: Part[] = [];

  constructor(options: PartLifecycleOptions) {
    this.#options = options;
  }

  /** Opens one part after the other. If a part fails, throws an error of scope "run" and opens no further parts. */
  async open(): Promise<void> {
    const { parts, halt } = this.#options;
    for (const part of new Set(parts)) {
      if (halt.reason !== undefined) throw halt.reason;
      this.#opened.push(part);
      try {
        if (part.open) await halt.race(part.open(halt.signal), `opening "${part.name}"`);
      } catch (thrown) {
        if (halt.stopped) throw thrown;
        this.#opened.pop();
        throw runError(thrown, "unexpected", `opening "${part.name}" failed`);
      }
    }
  }

  /** Closes the opened parts, the last one first. A part that fails to close causes a notice, not an error. */
  async close(): Promise<void> {
    for (let part = this.#opened.pop(); part !== undefined; part = this.#opened.pop()) await this.#close(part);
  }

  async #close(part: Part): Promise<void> {
    const { halt, notice, closeGraceMs } = this.#options;
    const closing = this.#closeSafely(part);
    try {
      await halt.race(closing, `closing "${part.name}"`);
    } catch (thrown) {
      if (thrown !== halt.reason) throw thrown;
      if ((await within(closing, closeGraceMs)) === "ended") return;
      notice(`closing "${part.name}" did not end within ${closeGraceMs} ms of the stop: the run no longer waits for it`);
    }
  }

  async #closeSafely(part: Part): Promise<void> {
    try {
      await part.close?.();
    } catch (thrown) {
      this.#options.notice(`closing "${part.name}" failed: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    }
  }
}
