/** The one owner of a pipeline's parts: opens each once for all who borrow it, and closes it when the pipeline closes. */
import { HeadraceError, type Part } from "../../contracts/index.js";
import { checkAborted } from "../../kit/index.js";

export class PartOwner {
  readonly #ending = new AbortController();
  readonly #working = new Set<Promise<unknown>>();
  readonly #openings = new Map<Part, Promise<void>>();
  /** In the order in which they were opened. */
  readonly #opened: Part[] = [];

  /** Does what callers share. No caller's signal ends it; `close` does, and waits for it. Rejects after `close`. */
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

  /** Opens the part unless it is open, whatever roles it has. A failure is not kept: the next call opens it anew. */
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

  /** Takes over a part that somebody else has opened. */
  adopt(part: Part): void {
    this.#opened.push(part);
  }

  /** Ends what is shared, then closes each part, the last first. One that throws does not keep the others open. */
  async close(): Promise<void> {
    this.#ending.abort(new HeadraceError("aborted", "The pipeline was closed."));
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
