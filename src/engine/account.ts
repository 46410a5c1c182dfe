/** Measures how the workers of a stage spend their time. */
import type { StageReport } from "../contracts/index.js";

export type Activity = "busy" | "starved" | "blocked" | "waiting";

/** Measures the time of one worker, or of one batch at a time if a worker processes several. The worker is in exactly one activity at any time from the start of the run to the end of its stage. */
export class WorkerClock {
  readonly #spentMs: Record<Activity, number> = { busy: 0, starved: 0, blocked: 0, waiting: 0 };
  #activity: Activity = "starved";
  #since: number;

  constructor(now: number) {
    this.#since = now;
  }

  enter(activity: Activity, now: number): void {
    this.#spentMs[this.#activity] += now - this.#since;
    this.#activity = activity;
    this.#since = now;
  }

  /** Assigns the whole current interval to another activity. */
  recount(activity: Activity): void {
    this.#activity = activity;
  }

  /** Returns how long the worker has been busy without a break; 0 if it is not busy. */
  busyForMs(now: number): number {
    return this.#activity === "busy" ? now - this.#since : 0;
  }

  /** Returns the time that the worker has spent in this activity, including the current interval. */
  spentMs(activity: Activity, now: number): number {
    return this.#spentMs[activity] + (this.#activity === activity ? now - this.#since : 0);
  }
}

/** Counts the items, batches and retries of one stage. */
export class StageAccount {
  /** One clock per batch that the stage can process at the same time. */
  readonly clocks: readonly WorkerClock[];
  readonly workers: number;
  readonly #batchesPerWorker: number;
  readonly #name: string;
  #endedAt: number | undefined;
  items = 0;
  batches = 0;
  retries = 0;

  constructor(name: string, workers: number, now: number, batchesPerWorker = 1) {
    this.#name = name;
    this.workers = workers;
    this.#batchesPerWorker = batchesPerWorker;
    this.clocks = Array.from({ length: workers * batchesPerWorker }, () => new WorkerClock(now));
  }

  /** Call this when no worker of the stage has work left. */
  end(now: number): void {
    this.#endedAt ??= now;
  }

  longestBusyMs(now: number): number {
    return this.clocks.reduce((longest, clock) => Math.max(longest, clock.busyForMs(now)), 0);
  }

  report(maxQueued: number, now: number): StageReport {
    const until = this.#endedAt ?? now;
    const sum = (activity: Activity) => this.clocks.reduce((total, clock) => total + clock.spentMs(activity, until), 0);
    // A worker is busy to one half if it could process two batches and processes one.
    const total = (activity: Activity) => sum(activity) / this.#batchesPerWorker;
    return {
      name: this.#name,
      workers: this.workers,
      items: this.items,
      batches: this.batches,
      retries: this.retries,
      busyMs: total("busy"),
      starvedMs: total("starved"),
      blockedMs: total("blocked"),
      waitingMs: total("waiting"),
      maxQueued,
    };
  }
}
