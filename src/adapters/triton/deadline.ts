/** Ends a call when its time is up or when it is stopped from outside. */

import { HeadraceError } from "../../contracts/index.js";
import { listenForAbort } from "../../kit/index.js";

export class TimeUp {
  constructor(readonly afterMs: number) {}
}

/**
 * Runs `work` with a signal that fires after `timeoutMs` or with `signal`, whichever comes first.
 * Rejects with `aborted`, with what `late` makes of a deadline that passed, or with the work's own error.
 */
export async function withDeadline<T>(
  signal: AbortSignal,
  timeoutMs: number,
  work: (signal: AbortSignal) => Promise<T>,
  late: (afterMs: number) => HeadraceError,
): Promise<T> {
  throwIfAborted(signal);
  const controller = new AbortController();
  const stop = () => controller.abort(signal.reason);
  listenForAbort(signal, stop);
  const timer = setTimeout(() => controller.abort(new TimeUp(timeoutMs)), timeoutMs);
  try {
    return await work(controller.signal);
  } catch (error) {
    throwIfAborted(signal);
    if (controller.signal.reason instanceof TimeUp) throw late(timeoutMs);
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
}

export function throwIfAborted(signal: AbortSignal): void {
  if (!signal.aborted) return;
  if (HeadraceError.is(signal.reason)) throw signal.reason;
  throw new HeadraceError("aborted", "request to Triton: stopped from outside", { cause: signal.reason });
}

/** The promise's value, or `aborted` as soon as the signal fires; the promise goes on, and is its owner's. */
export async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  throwIfAborted(signal);
  let leave = () => {};
  const stopped = new Promise<void>((resolve) => {
    leave = () => resolve();
  });
  listenForAbort(signal, leave);
  try {
    const first = await Promise.race([promise.then((value) => ({ value })), stopped]);
    if (first !== undefined) return first.value;
    throwIfAborted(signal);
    return await promise;
  } finally {
    signal.removeEventListener("abort", leave);
  }
}
