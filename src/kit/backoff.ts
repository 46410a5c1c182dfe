/** How long to wait before the next try. */

export interface Backoff {
  /** Before the second try; doubles with each further failure. */
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
}

/** After so many failures, without any randomness: callers take the part of it that keeps them from coming back together. */
export function backOffMs({ baseDelayMs, maxDelayMs }: Backoff, failures: number): number {
  return Math.min(maxDelayMs, baseDelayMs * 2 ** (failures - 1));
}
