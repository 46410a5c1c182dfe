/** Exponential backoff: how long to wait before the next try. */

export interface Backoff {
  /** Delay before the second try. It doubles with each further failure. */
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
}

/** The delay after `failures` failures in a row. It contains no jitter: callers add it, so that they do not all retry at the same moment. */
export function backOffMs({ baseDelayMs, maxDelayMs }: Backoff, failures: number): number {
  return Math.min(maxDelayMs, baseDelayMs * 2 ** (failures - 1));
}
