/** Measures how the workers of a stage spend their time. */
import type { StageReport } from "../contracts/index.js";

export type Activity = "busy" | "starved" | "blocked" | "waiting";

/** Measures the time of one worker. The worker is in exactly one activity at any time from the start of the run to the end of its stage. */
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

  /** Returns the time that the worker has spent in this activity, including the current interval. */
  spentMs(activity: Activity, now: number): number {
    return this.#spentMs[activity] + (this.#activity === activity ? now - this.#since : 0);
  }
}

/** Counts the items, batches and retries of one stage. */
export class StageAccount {
  readonly clocks: readonly WorkerClock[];
  readonly #name: string;
  #endedAt: number | undefined;
  items = 0;
  batches = 0;
  retries = 0;

  constructor(name: string, workers: number, now: number) {
    this.#name = name;
    this.clocks = Array.from({ length: workers }, () => new WorkerClock(now));
  }

  /** Call this when no worker of the stage has work left. */
  end(now: number): void {
    this.#endedAt ??= now;
  }

  report(maxQueued: number, now: number): StageReport {
    const until = this.#endedAt ?? now;
    const total = (activity: Activity) => this.clocks.reduce((sum, clock) => sum + clock.spentMs(activity, until), 0);
    return {
      name: this.#name,
      workers: this.clocks.length,
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
