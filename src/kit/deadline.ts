/** Deadlines and abort signals for promises. */
import type { HeadraceError } from "../contracts/index.js";
import { abortedError, checkAborted, listenForAbort } from "./signals.js";

/** How long to wait for a call at most. */
export interface Deadline {
  /** Name of the call, for the error of an abort. */
  readonly call: string;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs: number;
  /** Makes the error for a call that took too long. */
  readonly late: (afterMs: number) => HeadraceError;
}

/** The longest delay that `setTimeout` accepts. A longer one would fire at once. */
const maxDelayMs = 2 ** 31 - 1;

export function startTimer(action: () => void, delayMs: number): ReturnType<typeof setTimeout> {
  return setTimeout(action, Math.min(Math.max(delayMs, 0), maxDelayMs));
}

/** Resolves to "ended" when the promise settles, or to "late" if `limitMs` pass first. */
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

/**
 * Runs work that stops when its signal fires: after `timeoutMs`, or with the caller's signal. It then waits until the work has ended,
 * and rejects with the error of `late` or with `aborted`.
 */
export async function withDeadline<T>(work: (signal: AbortSignal) => Promise<T>, { call, signal, timeoutMs, late }: Deadline): Promise<T> {
  checkAborted(signal, call);
  const controller = new AbortController();
  let isLate = false;
  const stop = () => controller.abort(signal?.reason);
  if (signal !== undefined) listenForAbort(signal, stop);
  const timer = startTimer(() => {
    isLate = true;
    controller.abort();
  }, timeoutMs);
  try {
    return await work(controller.signal);
  } catch (error) {
    checkAborted(signal, call);
    throw isLate ? late(timeoutMs) : error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}

/** Settles as the promise does, but no later than the deadline. Does not stop the work behind the promise. */
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

/** Settles as the promise does, or rejects with `aborted` when the signal fires. Does not stop the work behind the promise. */
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
