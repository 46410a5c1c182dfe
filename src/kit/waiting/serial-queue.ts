/** Runs calls one at a time, in order. If a call fails, the next call still runs. */
export class SerialQueue {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(call: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(call, call);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** Resolves when all calls that were added before have ended. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
