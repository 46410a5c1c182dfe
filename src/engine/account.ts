/** How the workers of a stage spend their time. */
import type { StageReport } from "../contracts/index.js";

export type Activity = "busy" | "starved" | "blocked" | "waiting";

/** Measures the time of one worker. From the start of the run to the end of its stage, it is always in exactly one activity. */
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

  /** Counts the current interval as another activity, from its beginning. */
  recount(activity: Activity): void {
    this.#activity = activity;
  }

  /** Time spent so far, including the current interval. */
  spentMs(activity: Activity, now: number): number {
    return this.#spentMs[activity] + (this.#activity === activity ? now - this.#since : 0);
  }
}

/** Counts what one stage did. */
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

  /** Called when no worker of the stage has anything left to do. */
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
