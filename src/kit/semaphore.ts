/** A weighted semaphore: limits the total weight of concurrent work. */
import { abortedError, checkAborted, listenForAbort } from "./signals.js";

interface Waiter {
  readonly weight: number;
  readonly enter: () => void;
}

/** First come, first served. Work that weighs more than the limit runs alone. */
export class Semaphore {
  readonly #waiting: Waiter[] = [];
  #limit: number;
  #used = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Runs the work when there is room. Throws `aborted` if the signal fires first. `call` names the work in that error. */
  async run<T>(weight: number, signal: AbortSignal, call: string, work: () => Promise<T>): Promise<T> {
    await this.enter(weight, signal, call);
    try {
      checkAborted(signal, call);
      return await work();
    } finally {
      this.leave(weight);
    }
  }

  /** Resolves when there is room. Call `leave` to free it. Throws `aborted` if the signal fires first. */
  async enter(weight: number, signal: AbortSignal, call: string): Promise<void> {
    checkAborted(signal, call);
    let onAbort = () => {};
    try {
      await new Promise<void>((resolve, reject) => {
        const waiter = { weight, enter: resolve };
        onAbort = () => {
          const index = this.#waiting.indexOf(waiter);
          if (index < 0) return;
          this.#waiting.splice(index, 1);
          reject(abortedError(signal, call));
          this.#admit();
        };
        listenForAbort(signal, onAbort);
        this.#waiting.push(waiter);
        this.#admit();
      });
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  leave(weight: number): void {
    this.#used -= weight;
    this.#admit();
  }

  /** Running work continues, even if it exceeds the new limit. */
  resize(limit: number): void {
    this.#limit = limit;
    this.#admit();
  }

  #admit(): void {
    for (let next = this.#waiting[0]; next !== undefined && this.#fits(next.weight); next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#used += next.weight;
      next.enter();
    }
  }

  #fits(weight: number): boolean {
    return this.#used === 0 || this.#used + weight <= this.#limit;
  }
}
