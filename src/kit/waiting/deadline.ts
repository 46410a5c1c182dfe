/** Adds time limits and abort signals to promises. */
import type { HeadraceError } from "../../contracts/index.js";
import { abortedError, checkAborted, listenForAbort } from "./signals.js";

/** The time limit of a call. */
export interface Deadline {
  /** Name of the call. It appears in the error if the call is aborted. */
  readonly call: string;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs: number;
  /** Creates the error for a call that took longer than the time limit. */
  readonly late: (afterMs: number) => HeadraceError;
}

/** The longest delay that `setTimeout` accepts. A timer with a longer delay fires at once. */
const maxDelayMs = 2 ** 31 - 1;

export function startTimer(action: () => void, delayMs: number): ReturnType<typeof setTimeout> {
  return setTimeout(action, Math.min(Math.max(delayMs, 0), maxDelayMs));
}

/** Resolves to "ended" when the promise settles. Resolves to "late" if the promise has not settled after `limitMs`. */
export function within(promise: Promise<unknown>, limitMs: number): Promise<"ended" | "late"> {
  return new Promise((resolve) => {
    const timer = startTimer(() => resolve("late"), limitMs);
    const end = () => {
      clearTimeout(timer);
      resolve("ended");
    };
    promise.then(end, end);
  });
}

/** Runs a wait that does not count into the time limit. One at a time. */
export type Untimed = <T>(wait: () => Promise<T>) => Promise<T>;

/**
 * Runs `work` with a signal. The signal fires after `timeoutMs`, or when the caller's signal fires. `work` must then end. `withDeadline`
 * waits until `work` has ended, and then rejects with the error of `late` or with `aborted`.
 */
export async function withDeadline<T>(
  work: (signal: AbortSignal, untimed: Untimed) => Promise<T>,
  { call, signal, timeoutMs, late }: Deadline,
): Promise<T> {
  checkAborted(signal, call);
  const controller = new AbortController();
  let isLate = false;
  const stop = () => controller.abort(signal?.reason);
  if (signal !== undefined) listenForAbort(signal, stop);
  const start = (delayMs: number) =>
    startTimer(() => {
      isLate = true;
      controller.abort();
    }, delayMs);
  let leftMs = timeoutMs;
  let startedMs = performance.now();
  let timer = start(leftMs);
  const untimed: Untimed = async (wait) => {
    clearTimeout(timer);
    leftMs -= performance.now() - startedMs;
    try {
      return await wait();
    } finally {
      startedMs = performance.now();
      timer = start(leftMs);
    }
  };
  try {
    return await work(controller.signal, untimed);
  } catch (error) {
    checkAborted(signal, call);
    throw isLate ? late(timeoutMs) : error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}

/** Settles like the promise, or rejects when the time limit has passed or the signal fires. The work of the promise is not stopped. */
export async function inTime<T>(promise: Promise<T>, { call, signal, timeoutMs, late }: Deadline): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const isLate = new Promise<never>((_, reject) => {
    timer = startTimer(() => reject(late(timeoutMs)), timeoutMs);
  });
  try {
    return await unlessAborted(Promise.race([promise, isLate]), signal, call);
  } finally {
    clearTimeout(timer);
  }
}

/** Settles like the promise, or rejects with `aborted` when the signal fires. The work of the promise is not stopped. */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined, call: string): Promise<T> {
  if (signal === undefined) return promise;
  let onAbort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(abortedError(signal, call));
    if (signal.aborted) onAbort();
    else listenForAbort(signal, onAbort);
  });
  try {
    return await Promise.race([aborted, promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** Resolves after the delay, or as soon as the signal has fired. */
export function pauseUnlessAborted(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, delayMs);
    signal.addEventListener("abort", end, { once: true });
    if (signal.aborted) end();
  });
}
