/** A weighted semaphore: limits the total weight of concurrent work. */
import { abortedError, checkAborted, listenForAbort } from "./signals.js";

interface Waiter {
  readonly weight: number;
  readonly enter: () => void;
}

/** Work starts in the order of the calls. Work with a weight above the limit runs alone. */
export class Semaphore {
  readonly #waiting: Waiter[] = [];
  #limit: number;
  #used = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * Waits until the limit has room for `weight`, then runs the work. Throws `aborted` if the signal fires first. `call` is the name of the
   * work in the error.
   */
  async run<T>(weight: number, signal: AbortSignal, call: string, work: () => Promise<T>): Promise<T> {
    await this.enter(weight, signal, call);
    try {
      checkAborted(signal, call);
      return await work();
    } finally {
      this.leave(weight);
    }
  }

  /**
   * Waits until the limit has room for `weight`, and takes this room. The caller must call `leave` to free the room. Throws `aborted` if
   * the signal fires first.
   */
  async enter(weight: number, signal: AbortSignal, call: string): Promise<void> {
    checkAborted(signal, call);
    if (this.#waiting.length === 0 && this.#fits(weight)) {
      this.#used += weight;
      return;
    }
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

  /** Changes the limit. Running work continues, even if its total weight is above the new limit. */
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
