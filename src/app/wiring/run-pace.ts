/**
 * Slows runs down while answers are late. Decoding and writing follow the embedder, so pauses between the batches of runs leave the
 * processor to the calls that somebody waits for.
 */
import { startTimer } from "../../kit/index.js";
import type { WaitingCalls } from "./open-calls.js";

/** Calls are late from this age on. A search takes a tenth of it on an idle machine. */
const lateMs = 100;
/** While calls are late, runs have one batch in work at a time, and pause after it for at most this many times its duration. */
const maxPauseTimes = 8;
/** A pause ends early when calls are no longer late. So often runs look. */
const lookEveryMs = 20;

export class RunPace {
  readonly #calls: WaitingCalls;
  readonly #onLook: () => void;
  #inWork = 0;
  #pauseEndMs = 0;
  #timer: ReturnType<typeof startTimer> | null = null;

  /** `onLook` is called some time after `mayStart` returned false because of a pause. */
  constructor(calls: WaitingCalls, onLook: () => void) {
    this.#calls = calls;
    this.#onLook = onLook;
  }

  /** Whether a run may start a batch now. */
  mayStart(): boolean {
    if (this.#calls.longestWaitMs < lateMs) return true;
    if (this.#inWork > 0) return false;
    const restMs = this.#pauseEndMs - performance.now();
    if (restMs <= 0) return true;
    this.#timer ??= startTimer(
      () => {
        this.#timer = null;
        this.#onLook();
      },
      Math.min(restMs, lookEveryMs),
    );
    return false;
  }

  begin(): void {
    this.#inWork += 1;
  }

  /** `elapsedMs`: how long the batch took. */
  end(elapsedMs: number): void {
    this.#inWork -= 1;
    this.#pauseEndMs = performance.now() + maxPauseTimes * elapsedMs;
  }
}
