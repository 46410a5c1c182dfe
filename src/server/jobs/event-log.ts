/** The latest events of one job. Readers can come at any time, and continue after the last event that they got. */
import type { Job } from "./job.js";
import type { Picture } from "./live-picture.js";

/** "job": the job has another state. "picture": what the job does now. */
export type JobNews = { readonly name: "job"; readonly data: Job } | { readonly name: "picture"; readonly data: Picture };

export type JobEvent = JobNews & { readonly id: string };

/** A picture replaces the one before, so only the changes of state are kept in a row. */
const maxKept = 100;
/** Proxies close a connection on which nothing comes for a minute. */
const keepAliveMs = 15_000;

export class EventLog {
  /** Differs for each process, because the numbers begin again. */
  readonly #run: string;
  #events: (JobEvent & { readonly number: number })[] = [];
  #last = 0;
  #isClosed = false;
  readonly #wakes = new Set<() => void>();

  constructor(run: string) {
    this.#run = run;
  }

  add(news: JobNews): void {
    this.#last += 1;
    const kept = news.name === "picture" ? this.#events.filter((event) => event.name !== "picture") : this.#events;
    this.#events = [...kept.slice(-maxKept), { id: `${this.#run}-${this.#last}`, number: this.#last, ...news }];
    this.#wake();
  }

  /** No event comes after this. Readers get the events that they do not have yet, and end. */
  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  /** Whether a reader that has this event would get nothing more. */
  isEnd(lastId: string | undefined): boolean {
    return this.#isClosed && this.#numberOf(lastId) >= this.#last;
  }

  /** Streams the events after `lastId`, or all that are kept. null: nothing has come for a while. Ends when `signal` fires. */
  async *after(lastId: string | undefined, signal: AbortSignal): AsyncGenerator<JobEvent | null> {
    let seen = this.#numberOf(lastId);
    while (!signal.aborted) {
      const next = this.#events.find(({ number }) => number > seen);
      if (next !== undefined) {
        seen = next.number;
        yield next;
        continue;
      }
      if (this.#isClosed) return;
      if ((await this.#news(signal)) === "none") yield null;
    }
  }

  /** 0: the id is unknown, for example from before a restart of the server. */
  #numberOf(id: string | undefined): number {
    const [run, number] = id?.split("-") ?? [];
    return run === this.#run && /^\d+$/.test(number ?? "") ? Number(number) : 0;
  }

  #news(signal: AbortSignal): Promise<"some" | "none"> {
    return new Promise((resolve) => {
      const end = (news: "some" | "none"): void => {
        clearTimeout(timer);
        this.#wakes.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve(news);
      };
      const wake = (): void => end("some");
      const timer = setTimeout(() => end("none"), keepAliveMs);
      timer.unref();
      this.#wakes.add(wake);
      signal.addEventListener("abort", wake, { once: true });
    });
  }

  #wake(): void {
    for (const wake of [...this.#wakes]) wake();
  }
}
