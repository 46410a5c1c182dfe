/** The requests that wait for the next write of a collection. Lets those arrive that come again after the last write was answered. */

/** A write that was answered. */
export interface AnsweredWrite {
  /** How many requests it answered. */
  readonly requests: number;
  readonly tookMs: number;
}

/**
 * The next write waits at most this share of the time that the last one took. Without it, ten clients in loops become writes of one and of
 * nine: the first to come again finds nobody else, and the other nine come while its write runs.
 */
const maxGatherShare = 1 / 2;
const maxGatherMs = 50;

export class WaitingInsertions<T> {
  readonly list: T[] = [];
  #expected = 0;
  #onComplete: () => void = () => undefined;

  add(waiting: T): void {
    this.list.push(waiting);
    if (this.list.length >= this.#expected) this.#onComplete();
  }

  /** Resolves when as many requests wait as clients are known, or when it is too late for them. At once if there was only one client. */
  async gather({ requests, tookMs }: AnsweredWrite): Promise<void> {
    const clients = requests + this.list.length;
    if (clients < 2 || this.list.length >= clients) return;
    this.#expected = clients;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.min(maxGatherMs, tookMs * maxGatherShare));
      this.#onComplete = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#onComplete = () => undefined;
  }
}
