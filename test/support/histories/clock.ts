/** The clock of the histories: days pass between two steps, so that all files are older than the times that the product waits for. */
const stepMs = 600_000;

export class Clock implements Disposable {
  readonly #real = Date.now;
  #aheadMs = 0;

  constructor(aheadMs = stepMs) {
    this.#aheadMs = aheadMs;
    Date.now = () => this.#real() + this.#aheadMs;
  }

  /** How far the clock is ahead of the clock of the machine. */
  get aheadMs(): number {
    return this.#aheadMs;
  }

  pass(): void {
    this.#aheadMs += stepMs;
  }

  [Symbol.dispose](): void {
    Date.now = this.#real;
  }
}
