/** Bounds the writes in flight: halved when the server asks for less, growing again by one for each full round that passes. */
import { HeadraceError } from "../../../contracts/index.js";
import { checkAborted, listenForAbort } from "../../../kit/index.js";

export class WriteLimiter {
  #limit: number;
  #inFlight = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(readonly maxInFlight: number) {
    this.#limit = maxInFlight;
  }

  /** Writes that may be in flight at once now. */
  get limit(): number {
    return Math.floor(this.#limit);
  }

  async run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await this.#enter(signal);
    try {
      const result = await work();
      this.#limit = Math.min(this.maxInFlight, this.#limit + 1 / this.#limit);
      return result;
    } catch (error) {
      if (HeadraceError.is(error) && error.code === "overloaded") this.#limit = Math.max(1, this.#limit / 2);
      throw error;
    } finally {
      this.#inFlight -= 1;
      this.#admit();
    }
  }

  async #enter(signal: AbortSignal): Promise<void> {
    checkAborted(signal, "upsert");
    if (this.#inFlight < this.limit) {
      this.#inFlight += 1;
      return;
    }
    await new Promise<void>((resolve) => {
      const go = () => {
        signal.removeEventListener("abort", leave);
        this.#inFlight += 1;
        resolve();
      };
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(go), 1);
        this.#inFlight += 1;
        resolve();
      };
      this.#waiting.push(go);
      listenForAbort(signal, leave);
    });
    if (!signal.aborted) return;
    this.#inFlight -= 1;
    this.#admit();
    checkAborted(signal, "upsert");
  }

  #admit(): void {
    while (this.#inFlight < this.limit) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      next();
    }
  }
}
