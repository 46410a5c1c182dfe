/** Abort signals: listeners, and the errors of aborted calls. */
import { setMaxListeners } from "node:events";
import { HeadraceError } from "../contracts/index.js";

/** Throws `aborted`, or the signal's own HeadraceError, if the signal has fired. `call` names the call in the error. */
export function checkAborted(signal: AbortSignal | undefined, call: string): void {
  if (signal?.aborted) throw abortedError(signal, call);
}

/** The error of a call that the signal aborted. */
export function abortedError(signal: AbortSignal, call: string): HeadraceError {
  const reason: unknown = signal.reason;
  return HeadraceError.is(reason) ? reason : new HeadraceError("aborted", `${call}: stopped from outside`, { cause: reason });
}

/** Adds a listener. The caller removes it. Node warns of a leak at more than ten listeners; here that many calls may share one signal. */
export function listenForAbort(signal: AbortSignal, listener: () => void): void {
  setMaxListeners(0, signal);
  signal.addEventListener("abort", listener, { once: true });
}
