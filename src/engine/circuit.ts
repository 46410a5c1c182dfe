/**
 * Circuit breaker of a stage. While the service behind the stage is unavailable or overloaded, its workers wait, and one worker retries.
 */
import { HeadraceError, type Observer } from "../contracts/index.js";
import { type Backoff, backOffMs } from "../kit/index.js";
import type { Halt } from "./halt.js";

export interface CircuitOptions {
  readonly stage: string;
  /** The run ends when the service has had no success for this long. */
  readonly maxOutageMs: number;
  /** Delay before the first retry. Half of the delay is random. */
  readonly outage: Backoff;
  /** Delays after the error `overloaded`. They are shorter than `outage`, because the service still responds. */
  readonly overload: Backoff;
  /** Returns a random number from 0 to 1. */
  readonly random: () => number;
  readonly emit: Observer;
}

/** "free": a normal call. "probe": the single call that tests whether the service is back. */
export type Pass = "free" | "probe";

interface Outage {
  readonly startedAt: number;
  /** When the first failure after the last success happened. */
  failingSince: number;
  failures: number;
  nextProbeAt: number;
  probing: boolean;
}

export class Circuit {
  readonly #options: CircuitOptions;
  readonly #line = new Set<() => void>();
  #outage: Outage | undefined;

  constructor(options: CircuitOptions) {
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#outage !== undefined;
  }

  /**
   * Waits until a call may be made. One caller at a time becomes the probe. Every caller reports the outcome of its call to `answered` or
   * `failed`.
   */
  async enter(halt: Halt): Promise<Pass> {
    while (this.#outage !== undefined) {
      if (!this.#outage.probing) {
        await this.#waitForProbe(this.#outage, halt);
        return "probe";
      }
      await halt.until((done) => {
        this.#line.add(done);
        return () => this.#line.delete(done);
      });
    }
    return "free";
  }

  /** Reports that the service answered, even if it rejected the call. */
  answered(pass: Pass): void {
    const outage = this.#outage;
    if (outage === undefined) return;
    const now = performance.now();
    outage.failingSince = now;
    // A normal call may have begun before the outage, so its answer does not show that the service is back. Only the probe ends the outage.
    if (pass === "free") return;
    this.#outage = undefined;
    this.#options.emit({ kind: "outage-ended", stage: this.#options.stage, elapsedMs: now - outage.startedAt });
    this.#wakeLine();
  }

  /** Reports that the service is unavailable or overloaded. Call `enter` again before repeating the call. Throws `outage_too_long`. */
  failed(pass: Pass, error: HeadraceError): void {
    const now = performance.now();
    const outage = this.#outage ?? this.#begin(error, now);
    if (pass === "probe") {
      outage.probing = false;
      outage.failures += 1;
    }
    const { maxOutageMs, stage } = this.#options;
    const leftMs = outage.failingSince + maxOutageMs - now;
    if (leftMs <= 0) {
      const awayMs = Math.round(now - outage.failingSince);
      const message = `outage behind stage "${stage}": expected at most ${maxOutageMs} ms, found ${awayMs} ms: ${error.message}`;
      throw new HeadraceError("outage_too_long", message, { cause: error });
    }
    const delayMs = Math.max(error.retryAfterMs ?? 0, pass === "free" && outage.failures > 1 ? 0 : this.#delayMs(error, outage.failures));
    outage.nextProbeAt = Math.max(outage.nextProbeAt, now + Math.min(delayMs, leftMs));
    if (pass === "probe") this.#wakeLine();
  }

  #begin(error: HeadraceError, now: number): Outage {
    this.#outage = { startedAt: now, failingSince: now, failures: 1, nextProbeAt: now, probing: false };
    this.#options.emit({ kind: "outage-started", stage: this.#options.stage, error });
    return this.#outage;
  }

  #delayMs(error: HeadraceError, failures: number): number {
    const { overload, outage, random } = this.#options;
    return backOffMs(error.code === "overloaded" ? overload : outage, failures) * (0.5 + random() / 2);
  }

  async #waitForProbe(outage: Outage, halt: Halt): Promise<void> {
    outage.probing = true;
    for (let leftMs = outage.nextProbeAt - performance.now(); leftMs > 0; leftMs = outage.nextProbeAt - performance.now()) {
      await halt.pause(leftMs);
    }
  }

  #wakeLine(): void {
    for (const wake of [...this.#line]) wake();
  }
}
