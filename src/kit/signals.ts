/** Cancel signals as errors of ours. */
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
