/** Work that several callers wait for: the first begins it, all get its result, and none of them can end it for the others. */
import { unlessAborted } from "../../kit/index.js";

export class Shared<T> {
  readonly #make: () => Promise<T>;
  #made: Promise<T> | null = null;

  constructor(make: () => Promise<T>) {
    this.#make = make;
  }

  /** The signal ends the waiting of this caller alone. A failure is not kept: the next call makes it anew. */
  get(signal: AbortSignal): Promise<T> {
    return unlessAborted(this.#begun(), signal, "waiting for a part");
  }

  /** What is made or being made; null when nobody asked for it. */
  get begun(): Promise<T> | null {
    return this.#made;
  }

  /** The next call makes it anew. */
  forget(): void {
    this.#made = null;
  }

  #begun(): Promise<T> {
    if (this.#made !== null) return this.#made;
    const made = this.#make();
    this.#made = made;
    made.catch(() => {
      if (this.#made === made) this.#made = null;
    });
    return made;
  }
}
