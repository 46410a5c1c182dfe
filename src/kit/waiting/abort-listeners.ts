/** Listeners for abort signals, for code that makes many calls with the same signal at the same time. */
import { listenForAbort } from "./signals.js";

interface Group {
  readonly listeners: Set<() => void>;
  readonly onAbort: () => void;
}

/**
 * Adds one real listener per signal, and removes it with the last call that uses the signal. A signal compares a new listener with all that
 * it has, so with many calls in flight, one real listener per call would take more time than the rest of the call.
 */
export class AbortListeners {
  readonly #groups = new Map<AbortSignal, Group>();

  /** The caller must call `remove` when the listener is no longer needed, also after the signal has fired. */
  add(signal: AbortSignal, listener: () => void): void {
    const known = this.#groups.get(signal);
    if (known !== undefined) {
      known.listeners.add(listener);
      return;
    }
    const listeners = new Set([listener]);
    const onAbort = () => {
      for (const each of [...listeners]) each();
    };
    this.#groups.set(signal, { listeners, onAbort });
    listenForAbort(signal, onAbort);
  }

  remove(signal: AbortSignal, listener: () => void): void {
    const group = this.#groups.get(signal);
    group?.listeners.delete(listener);
    if (group === undefined || group.listeners.size > 0) return;
    signal.removeEventListener("abort", group.onAbort);
    this.#groups.delete(signal);
  }
}
