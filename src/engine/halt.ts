/** The hard stop of a run: one signal for all stages, and an end of waiting for those that ignore it. */
import type { HeadraceError } from "../contracts/index.js";
import { startTimer, within } from "../kit/index.js";

interface Call {
  readonly label: string;
  readonly cancel: (reason: HeadraceError) => void;
  /** Where it is in the list; -1 when it is no longer there. */
  place: number;
}

export class Halt {
  readonly #controller = new AbortController();
  /** In no order. A list, because the tables that a set outgrows keep dead batches alive (see `Settlement`). */
  readonly #calls: Call[] = [];
  readonly #waits = new Set<(reason: HeadraceError) => void>();
  #reason: HeadraceError | undefined;
  #whenQuiet: (() => void) | undefined;

  /** Aborted by `stop`, with its reason. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Why everything stops; undefined while the run goes on. */
  get reason(): HeadraceError | undefined {
    return this.#reason;
  }

  get stopped(): boolean {
    return this.#reason !== undefined;
  }

  /** Rejects all that is waited for here with `reason`, then aborts the signal. The first reason stays. */
  stop(reason: HeadraceError): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    for (const call of this.#calls) call.cancel(reason);
    for (const cancel of this.#waits) cancel(reason);
    this.#controller.abort(reason);
  }

  /**
   * Settles as `promise` does, or rejects with the reason of the stop if that comes first. Then the promise is still
   * watched under its label (see `quiet`): a late answer is dropped, a late rejection is handled.
   */
  race<T>(promise: PromiseLike<T> | T, label: string): Promise<T> {
    return new Promise((resolve, reject) => {
      const call = this.#remember(label, reject);
      Promise.resolve(promise).then(
        (value) => {
          this.#forget(call);
          resolve(value);
        },
        (error: unknown) => {
          this.#forget(call);
          reject(error);
        },
      );
      if (this.#reason !== undefined) reject(this.#reason);
    });
  }

  /** Watches a promise that nobody waits for, until `quiet`. */
  watch(promise: PromiseLike<unknown>, label: string): void {
    const call = this.#remember(label, ignore);
    const end = () => this.#forget(call);
    promise.then(end, end);
  }

  /** Resolves after the delay; rejects with the reason of the stop if that comes first. */
  pause(delayMs: number): Promise<void> {
    return this.until((done) => {
      const timer = startTimer(done, delayMs);
      return () => clearTimeout(timer);
    });
  }

  /** Resolves when `begin`'s argument is called; rejects with the reason of the stop if that comes first. What `begin` gives back cleans up. */
  until(begin: (done: () => void) => () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#reason !== undefined) {
        reject(this.#reason);
        return;
      }
      const end = (reason?: HeadraceError) => {
        this.#waits.delete(end);
        cleanUp();
        if (reason === undefined) resolve();
        else reject(reason);
      };
      this.#waits.add(end);
      const cleanUp = begin(() => end());
    });
  }

  /** Waits until no call is pending, at most `graceMs`; the labels of those that still are. */
  async quiet(graceMs: number): Promise<readonly string[]> {
    if (this.#calls.length === 0) return [];
    const quiet = new Promise<void>((resolve) => {
      this.#whenQuiet = resolve;
    });
    await within(quiet, graceMs);
    this.#whenQuiet = undefined;
    const labels = new Set<string>();
    for (const call of this.#calls) {
      labels.add(call.label);
      call.place = -1;
    }
    this.#calls.length = 0;
    return [...labels];
  }

  #remember(label: string, cancel: Call["cancel"]): Call {
    const call: Call = { label, cancel, place: this.#calls.length };
    this.#calls.push(call);
    return call;
  }

  #forget(call: Call): void {
    const last = this.#calls[this.#calls.length - 1];
    if (call.place < 0 || last === undefined) return;
    this.#calls[call.place] = last;
    last.place = call.place;
    this.#calls.pop();
    call.place = -1;
    if (this.#calls.length === 0) this.#whenQuiet?.();
  }
}

function ignore(): void {}
