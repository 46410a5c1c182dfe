/** Owns the parts of a pipeline: opens each part once, and closes all parts when the pipeline closes. */
import { HeadraceError, type Part } from "../../contracts/index.js";
import { checkAborted } from "../../kit/index.js";

export class PartOwner {
  readonly #ending = new AbortController();
  readonly #working = new Set<Promise<unknown>>();
  readonly #openings = new Map<Part, Promise<void>>();
  /** Open parts, in the order in which they were opened. */
  readonly #opened: Part[] = [];

  /** Runs work whose result several callers share. Only `close` aborts the work, and waits for it to end. After `close`, `run` rejects. */
  async run<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { signal } = this.#ending;
    checkAborted(signal, "the parts of a pipeline");
    const working = work(signal);
    this.#working.add(working);
    try {
      return await working;
    } finally {
      this.#working.delete(working);
    }
  }

  /** Opens the part if it is not open yet. After a failure, the next call tries again. */
  async open<T extends Part>(part: T): Promise<T> {
    const opening = this.#openings.get(part) ?? this.run((signal) => this.#open(part, signal));
    this.#openings.set(part, opening);
    try {
      await opening;
      return part;
    } catch (error) {
      if (this.#openings.get(part) === opening) this.#openings.delete(part);
      throw error;
    }
  }

  /** Takes over a part that is already open: `close` closes the part. */
  adopt(part: Part): void {
    this.#opened.push(part);
  }

  /** Aborts shared work, then closes all parts, the last opened first. If closing a part fails, the other parts are still closed. */
  async close(): Promise<void> {
    this.#ending.abort(new HeadraceError("aborted", "the pipeline was closed"));
    while (this.#working.size > 0) await Promise.allSettled(this.#working);
    const errors: unknown[] = [];
    for (let part = this.#opened.pop(); part !== undefined; part = this.#opened.pop()) {
      try {
        await part.close?.();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }

  async #open(part: Part, signal: AbortSignal): Promise<void> {
    await part.open?.(signal);
    this.#opened.push(part);
  }
}
