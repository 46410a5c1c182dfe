/** Timers with any delay, and waits with a limit. */

/** The longest delay of `setTimeout`. It would fire at once for a longer one. */
const longestMs = 2 ** 31 - 1;

export function startTimer(action: () => void, delayMs: number): ReturnType<typeof setTimeout> {
  return setTimeout(action, Math.min(Math.max(delayMs, 0), longestMs));
}

/** Resolves to "ended" when the promise settles, or to "late" if `limitMs` pass first. Never rejects. */
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
