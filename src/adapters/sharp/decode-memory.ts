/** Bounds the memory of all decodes at once: a leaf, as nobody waits for anything else while holding a share. */

import { HeadraceError } from "../../contracts/index.js";
import { listenForAbort } from "../../kit/index.js";

interface Waiter {
  readonly bytes: number;
  readonly enter: () => void;
}

/** First in, first out; a share larger than the whole budget enters alone. */
export class DecodeMemory {
  readonly #waiting: Waiter[] = [];
  #usedBytes = 0;

  constructor(readonly maxBytes: number) {}

  /** Runs `work` when `bytes` are free, and frees them when it ends. Throws `aborted` when `signal` fires before that. */
  async spend<T>(bytes: number, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const share = Math.min(bytes, this.maxBytes);
    await this.#enter(share, signal);
    try {
      return await work();
    } finally {
      this.#usedBytes -= share;
      this.#admit();
    }
  }

  async #enter(bytes: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw stopped(signal);
    let onAbort = () => {};
    try {
      await new Promise<void>((resolve, reject) => {
        const waiter = { bytes, enter: resolve };
        onAbort = () => {
          const place = this.#waiting.indexOf(waiter);
          if (place < 0) return;
          this.#waiting.splice(place, 1);
          reject(stopped(signal));
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

  #admit(): void {
    for (let next = this.#waiting[0]; next && this.#usedBytes + next.bytes <= this.maxBytes; next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#usedBytes += next.bytes;
      next.enter();
    }
  }
}

function stopped(signal: AbortSignal): HeadraceError {
  return new HeadraceError("aborted", "Decoding was stopped", { cause: signal.reason });
}
