/** Helpers for abort signals: listeners, and errors of aborted calls. */
import { setMaxListeners } from "node:events";
import { HeadraceError } from "../../contracts/index.js";

/** If the signal has fired, throws the error of `abortedError`. `call` is the name of the call in the error. */
export function checkAborted(signal: AbortSignal | undefined, call: string): void {
  if (signal?.aborted) throw abortedError(signal, call);
}

/** Returns the error for a call that the signal aborted: the signal's reason if that is a HeadraceError, else `aborted`. */
export function abortedError(signal: AbortSignal, call: string): HeadraceError {
  const reason: unknown = signal.reason;
  return HeadraceError.is(reason) ? reason : new HeadraceError("aborted", `${call}: stopped from outside`, { cause: reason });
}

/**
 * Adds a listener. The caller must remove the listener. Node warns of a memory leak when a signal has more than ten listeners. Here, more
 * than ten calls can use the same signal, so the warning is turned off.
 */
export function listenForAbort(signal: AbortSignal, listener: () => void): void {
  setMaxListeners(0, signal);
  signal.addEventListener("abort", listener, { once: true });
}
