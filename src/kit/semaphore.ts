/** Bounds how much is under way at once: each one that enters has a weight, all together have a limit. */
import { abortedError, checkAborted, listenForAbort } from "./signals.js";

interface Waiter {
  readonly weight: number;
  readonly enter: () => void;
}

/** First come, first served. One that weighs more than the limit enters alone. */
export class Semaphore {
  readonly #waiting: Waiter[] = [];
  #limit: number;
  #used = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Runs the work when there is room for it. Throws `aborted` when the signal fires before that; `call` names what did not happen. */
  async run<T>(weight: number, signal: AbortSignal, call: string, work: () => Promise<T>): Promise<T> {
    await this.enter(weight, signal, call);
    try {
      checkAborted(signal, call);
      return await work();
    } finally {
      this.leave(weight);
    }
  }

  /** Resolves when there is room; `leave` gives it back. Throws `aborted` when the signal fires before that. */
  async enter(weight: number, signal: AbortSignal, call: string): Promise<void> {
    checkAborted(signal, call);
    let leave = () => {};
    try {
      await new Promise<void>((resolve, reject) => {
        const waiter = { weight, enter: resolve };
        leave = () => {
          const place = this.#waiting.indexOf(waiter);
          if (place < 0) return;
          this.#waiting.splice(place, 1);
          reject(abortedError(signal, call));
          this.#admit();
        };
        listenForAbort(signal, leave);
        this.#waiting.push(waiter);
        this.#admit();
      });
    } finally {
      signal.removeEventListener("abort", leave);
    }
  }

  leave(weight: number): void {
    this.#used -= weight;
    this.#admit();
  }

  /** Those inside stay, also when they are more now than may enter. */
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
