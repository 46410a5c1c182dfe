/** Work whose result several callers share. The first call starts the work, and no caller can abort it. */
import { unlessAborted } from "../../kit/index.js";

/** The work continues even if no caller waits any more. Otherwise, callers with short deadlines would abort and restart it forever. */
export class Shared<T> {
  readonly #make: () => Promise<T>;
  #making: Promise<T> | null = null;
  #made: T | null = null;

  constructor(make: () => Promise<T>) {
    this.#make = make;
  }

  /** Waits for the result. `signal` ends only the wait of this caller. If the work failed, the next call starts it again. */
  get(signal: AbortSignal): Promise<T> {
    if (this.#made !== null && !signal.aborted) return Promise.resolve(this.#made);
    return unlessAborted(this.#start(), signal, "waiting for a part");
  }

  /** The promise of the running or finished work. Null if the work has not started. */
  get begun(): Promise<T> | null {
    return this.#making;
  }

  /** The result. Null until the work is done. */
  get made(): T | null {
    return this.#made;
  }

  /** Forgets the result. The next call starts the work again. */
  forget(): void {
    this.#making = null;
    this.#made = null;
  }

  #start(): Promise<T> {
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
