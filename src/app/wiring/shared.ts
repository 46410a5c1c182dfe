/** Work that several callers wait for: the first begins it, all get its result, and none of them can end it. */
import { unlessAborted } from "../../kit/index.js";

/** It goes on when nobody waits any more: otherwise callers whose deadline is shorter than the work would never see it done. */
export class Shared<T> {
  readonly #make: () => Promise<T>;
  #making: Promise<T> | null = null;
  #made: T | null = null;

  constructor(make: () => Promise<T>) {
    this.#make = make;
  }

  /** The signal ends the waiting of this caller alone. A failure is not kept: the next call makes it anew. */
  get(signal: AbortSignal): Promise<T> {
    return unlessAborted(this.#begun(), signal, "waiting for a part");
  }

  /** What is made or being made; null when nobody asked for it. */
  get begun(): Promise<T> | null {
    return this.#making;
  }

  /** Null until it is made. */
  get made(): T | null {
    return this.#made;
  }

  /** The next call makes it anew. */
  forget(): void {
    this.#making = null;
    this.#made = null;
  }

  #begun(): Promise<T> {
    if (this.#making !== null) return this.#making;
    const making = this.#make();
    this.#making = making;
    making.then(
      (made) => {
        if (this.#making === making) this.#made = made;
      },
      () => {
        if (this.#making === making) this.#making = null;
      },
    );
    return making;
  }
}
