/** Waiting for time to pass. */

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
