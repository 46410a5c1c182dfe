/** The clock of a history. */
import { setTimeout as pause } from "node:timers/promises";

/**
 * "ahead": minutes pass between two steps, so that all files are older than the times that the product waits for. But files then seem to be
 * older than all rows. "real": files and rows have true times, and all files have just changed.
 */
export type ClockKind = "ahead" | "real";

const stepMs = 600_000;
/** Some kernels give files the time of their last tick. */
const tickMs = 12;

export class Clock implements Disposable {
  readonly #real = Date.now;
  #aheadMs: number;

  constructor(
    readonly kind: ClockKind,
    aheadMs = kind === "ahead" ? stepMs : 0,
  ) {
    this.#aheadMs = aheadMs;
    if (kind === "ahead") Date.now = () => this.#real() + this.#aheadMs;
  }

  /** How far the clock is ahead of the clock of the machine. */
  get aheadMs(): number {
    return this.#aheadMs;
  }

  /** Lets so much time pass that what comes is later than what was, for files too. */
  async pass(): Promise<void> {
    if (this.kind === "ahead") this.#aheadMs += stepMs;
    else await pause(tickMs);
  }

  [Symbol.dispose](): void {
    Date.now = this.#real;
  }
}
