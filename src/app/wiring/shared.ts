/** Work that several callers share. The first call starts it, all get its result, and no caller can abort it. */
import { unlessAborted } from "../../kit/index.js";

/** The work continues even if nobody waits. Otherwise callers with short deadlines would restart it forever. */
export class Shared<T> {
  readonly #make: () => Promise<T>;
  #making: Promise<T> | null = null;
  #made: T | null = null;

  constructor(make: () => Promise<T>) {
    this.#make = make;
  }

  /** The signal stops only this caller's wait. After a failure, the next call starts the work again. */
  get(signal: AbortSignal): Promise<T> {
    return unlessAborted(this.#start(), signal, "waiting for a part");
  }

  /** The finished or running work. Null if it has not started. */
  get begun(): Promise<T> | null {
    return this.#making;
  }

  /** Null until the work is done. */
  get made(): T | null {
    return this.#made;
  }

  /** The next call starts the work again. */
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
