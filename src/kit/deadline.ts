/** Waiting that ends in time: with a deadline, with a signal, or with whichever comes first. */
import type { HeadraceError } from "../contracts/index.js";
import { abortedError, checkAborted, listenForAbort } from "./signals.js";

/** When waiting ends at the latest. */
export interface Deadline {
  /** What is waited for, in the error of an abort. */
  readonly call: string;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs: number;
  /** The error of a deadline that has passed. */
  readonly late: (afterMs: number) => HeadraceError;
}

/** The longest delay that `setTimeout` knows; a longer one would fire at once. */
const longestMs = 2 ** 31 - 1;

export function startTimer(action: () => void, delayMs: number): ReturnType<typeof setTimeout> {
  return setTimeout(action, Math.min(Math.max(delayMs, 0), longestMs));
}

/** Resolves to "ended" with the promise, however it ends, or to "late" when `limitMs` is over first. */
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
 * Runs work that ends when its signal fires: after `timeoutMs`, or with the caller's signal. Rejects then with `late`'s error or
 * `aborted`, when the work has ended.
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

/** Settles as the promise does, but no later than the deadline. The promise goes on, and is its owner's. */
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

/** Settles as the promise does, or rejects with `aborted` as soon as the signal fires. The promise goes on, and is its owner's. */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined, call: string): Promise<T> {
  if (signal === undefined) return promise;
  let leave = () => {};
  const left = new Promise<never>((_, reject) => {
    leave = () => reject(abortedError(signal, call));
    if (signal.aborted) leave();
    else listenForAbort(signal, leave);
  });
  try {
    return await Promise.race([left, promise]);
  } finally {
    signal.removeEventListener("abort", leave);
  }
}
