/**
 * Limits concurrent writes. An `overloaded` error halves the limit. After as many successful writes as the limit, the limit rises by one.
 */
import { HeadraceError } from "../../../contracts/index.js";
import { Semaphore } from "../../../kit/index.js";

export class WriteLimiter {
  readonly #writes: Semaphore;
  #limit: number;

  constructor(readonly maxInFlight: number) {
    this.#limit = maxInFlight;
    this.#writes = new Semaphore(maxInFlight);
  }

  /** The current maximum of concurrent writes. */
  get limit(): number {
    return Math.floor(this.#limit);
  }

  run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    return this.#writes.run(1, signal, "upsert", async () => {
      try {
        const result = await work();
        this.#adjust(Math.min(this.maxInFlight, this.#limit + 1 / this.#limit));
        return result;
      } catch (error) {
        if (HeadraceError.is(error) && error.code === "overloaded") this.#adjust(Math.max(1, this.#limit / 2));
        throw error;
      }
    });
  }

  #adjust(limit: number): void {
    this.#limit = limit;
    this.#writes.resize(this.limit);
  }
}
