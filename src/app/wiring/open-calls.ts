/** The calls in progress that somebody waits for, such as searches. Runs slow down for them. */

/** The part of the calls that runs need. */
export interface WaitingCalls {
  /** Milliseconds since the oldest call began; 0 without calls. */
  readonly longestWaitMs: number;
}

export class OpenCalls implements WaitingCalls {
  /** The oldest call comes first. */
  readonly #begun = new Set<{ readonly atMs: number }>();

  async during<T>(call: () => Promise<T>): Promise<T> {
    const begun = { atMs: performance.now() };
    this.#begun.add(begun);
    try {
      return await call();
    } finally {
      this.#begun.delete(begun);
    }
  }

  get longestWaitMs(): number {
    for (const { atMs } of this.#begun) return performance.now() - atMs;
    return 0;
  }
}
