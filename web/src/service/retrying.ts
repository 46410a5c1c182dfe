/** Asks again, after growing pauses, while the service is away. */
import { ServiceError } from "./client.js";

const firstMs = 1000;
const longestMs = 15_000;

export class Pauses {
  #nextMs = firstMs;

  /** Resolves after the next pause, or when `signal` fires. */
  async next(signal: AbortSignal): Promise<void> {
    const ms = this.#nextMs;
    this.#nextMs = Math.min(longestMs, 2 * ms);
    await new Promise<void>((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      signal.addEventListener("abort", end);
    });
  }

  reset(): void {
    this.#nextMs = firstMs;
  }
}

/** Calls `ask` until it succeeds. Throws what asking again does not change, and everything after `signal` has fired. */
export async function retrying<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
  const pauses = new Pauses();
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (signal.aborted || !isPassing(error)) throw error;
    }
    await pauses.next(signal);
  }
}

/** No answer has the status 0. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof ServiceError)) return false;
  const { status } = error.problem;
  return status === 0 || status === 429 || status >= 500;
}
