/** Repeats a call while the service behind it is away. */
import { HeadraceError } from "../../contracts/index.js";
import { backOffMs } from "./backoff.js";
import { pauseUnlessAborted } from "./deadline.js";

export interface PatienceOptions {
  /** How long the service may be away, in milliseconds. Default 300,000. */
  readonly maxOutageMs?: number;
  /** Ends the wait with the error `aborted`. */
  readonly signal: AbortSignal;
  /** Called before each pause. */
  readonly onUnavailable: (error: HeadraceError, delayMs: number) => void;
}

const backoff = { baseDelayMs: 500, maxDelayMs: 10_000 };
const defaultMaxOutageMs = 300_000;

/** Calls again after an error whose scope is a service. Throws other errors at once, and the last one when the time is over. */
export async function whenAvailable<T>(
  call: () => Promise<T>,
  { maxOutageMs = defaultMaxOutageMs, signal, onUnavailable }: PatienceOptions,
): Promise<T> {
  const until = performance.now() + maxOutageMs;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call();
    } catch (thrown) {
      const error = HeadraceError.from(thrown);
      const delayMs = backOffMs(backoff, attempt);
      if (error.scope !== "service" || performance.now() + delayMs > until) throw error;
      onUnavailable(error, delayMs);
      await pauseUnlessAborted(delayMs, signal);
      if (signal.aborted) throw new HeadraceError("aborted", `stopped while it waited: ${error.message}`, { cause: error });
    }
  }
}
