/** Cancel signals: waited on by any number of calls, and told as errors of ours. */
import { setMaxListeners } from "node:events";
import { HeadraceError } from "../contracts/index.js";

/** Throws `aborted` (or the signal's own HeadraceError) when the signal has fired; `call` names what did not happen. */
export function checkAborted(signal: AbortSignal | undefined, call: string): void {
  if (signal?.aborted) throw abortedError(signal, call);
}

/** What a call that the signal ended throws. */
export function abortedError(signal: AbortSignal, call: string): HeadraceError {
  const reason: unknown = signal.reason;
  return HeadraceError.is(reason) ? reason : new HeadraceError("aborted", `${call}: stopped from outside`, { cause: reason });
}

/** Adds a listener that its caller removes. Node warns of more than ten on one signal as of a leak, but as many calls may wait on it. */
export function listenForAbort(signal: AbortSignal, listener: () => void): void {
  setMaxListeners(0, signal);
  signal.addEventListener("abort", listener, { once: true });
}
