/** The hard stop of a run: one abort signal for all stages. The run does not wait for stages that ignore the signal. */
import type { HeadraceError } from "../contracts/index.js";
import { startTimer, within } from "../kit/index.js";

interface Call {
  readonly label: string;
  readonly cancel: (reason: HeadraceError) => void;
  /** Index of the call in `#calls`; -1 after the call was removed. */
  place: number;
}

export class Halt {
  readonly #controller = new AbortController();
  /** Pending calls, in any order. An array, because a `Set` that grows keeps finished batches in memory (see `Settlement`). */
  readonly #calls: Call[] = [];
  readonly #waits = new Set<(reason: HeadraceError) => void>();
  #reason: HeadraceError | undefined;
  #onIdle: (() => void) | undefined;

  /** The signal that `stop` aborts. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Why the run was stopped; undefined before the stop. */
  get reason(): HeadraceError | undefined {
    return this.#reason;
  }

  get stopped(): boolean {
    return this.#reason !== undefined;
  }

  /** Rejects all promises that this object returned with `reason`, then aborts the signal. Later calls have no effect. */
  stop(reason: HeadraceError): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    for (const call of this.#calls) call.cancel(reason);
    for (const cancel of this.#waits) cancel(reason);
    this.#controller.abort(reason);
  }

  /**
   * Settles like `promise`, or rejects with the reason of the stop if the stop comes first. After a stop, `promise` still counts as pending
   * under its label (see `waitForPending`). The late answer or error of `promise` is ignored.
   */
  race<T>(promise: PromiseLike<T> | T, label: string): Promise<T> {
    return new Promise((resolve, reject) => {
      const call = this.#addCall(label, reject);
      Promise.resolve(promise).then(
        (value) => {
          this.#removeCall(call);
          resolve(value);
        },
        (error: unknown) => {
          this.#removeCall(call);
          reject(error);
        },
      );
      if (this.#reason !== undefined) reject(this.#reason);
    });
  }

  /** Counts a promise as pending until it settles, though no caller awaits it (see `waitForPending`). */
  watch(promise: PromiseLike<unknown>, label: string): void {
    const call = this.#addCall(label, ignore);
    const end = () => this.#removeCall(call);
    promise.then(end, end);
  }

  /** Resolves after the delay, or rejects with the reason of the stop if the stop comes first. */
  pause(delayMs: number): Promise<void> {
    return this.until((done) => {
      const timer = startTimer(done, delayMs);
      return () => clearTimeout(timer);
    });
  }

  /**
   * Passes a callback to `begin` and resolves when the callback is called. Rejects with the reason of the stop if the stop comes first.
   * `begin` returns a function that cleans up.
   */
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

  /** Waits until no call is pending, but at most `graceMs`. Returns the labels of the calls that are still pending. */
  async waitForPending(graceMs: number): Promise<readonly string[]> {
    if (this.#calls.length === 0) return [];
    const idle = new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
    await within(idle, graceMs);
    this.#onIdle = undefined;
    const labels = new Set<string>();
    for (const call of this.#calls) {
      labels.add(call.label);
      call.place = -1;
    }
    this.#calls.length = 0;
    return [...labels];
  }

  #addCall(label: string, cancel: Call["cancel"]): Call {
    const call: Call = { label, cancel, place: this.#calls.length };
    this.#calls.push(call);
    return call;
  }

  #removeCall(call: Call): void {
    const last = this.#calls[this.#calls.length - 1];
    if (call.place < 0 || last === undefined) return;
    this.#calls[call.place] = last;
    last.place = call.place;
    this.#calls.pop();
    call.place = -1;
    if (this.#calls.length === 0) this.#onIdle?.();
  }
}

function ignore(): void {}
