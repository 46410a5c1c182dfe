/** Exponential backoff: computes the delay before a retry. */

export interface Backoff {
  /** Delay before the first retry. The delay doubles with each further failure. */
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
}

/** Returns the delay after `failures` failures in a row. Callers must add jitter themselves, so that they retry at different times. */
export function backOffMs({ baseDelayMs, maxDelayMs }: Backoff, failures: number): number {
  return Math.min(maxDelayMs, baseDelayMs * 2 ** (failures - 1));
}
