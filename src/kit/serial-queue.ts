/** Runs calls one at a time, in order. A call that fails does not stop the next one. */
export class SerialQueue {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(call: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(call, call);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** Resolves when all calls so far have ended. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
