/** Limits what the server works on at the same time. More requests wait, and still more are refused, so that its memory does not grow. */
import type { IncomingHttpHeaders } from "node:http";
import type { Settings } from "../../app/index.js";
import { mebibyte, Semaphore } from "../../kit/index.js";
import { Refused } from "../wire/problems.js";

/** The place of one request. Its connection holds it, and its work, which may go on without its client. */
export class Seat {
  readonly #count: (change: 1 | -1) => void;
  #holders = 0;

  /** `count` adds the seat to the taken ones, or removes it. */
  constructor(count: (change: 1 | -1) => void) {
    this.#count = count;
  }

  /** Returns the function that lets go. The seat is taken while somebody holds it. */
  hold(): () => void {
    if (this.#holders === 0) this.#count(1);
    this.#holders += 1;
    return () => {
      this.#holders -= 1;
      if (this.#holders === 0) this.#count(-1);
    };
  }

  async during<T>(work: () => Promise<T>): Promise<T> {
    const letGo = this.hold();
    try {
      return await work();
    } finally {
      letGo();
    }
  }
}

export class Admission {
  readonly #limits: Settings["server"];
  readonly #slots: Semaphore;
  #open = 0;
  #bodyBytes = 0;

  constructor(limits: Settings["server"]) {
    this.#limits = limits;
    this.#slots = new Semaphore(limits.maxConcurrent);
  }

  /** Returns the seat of a request whose headers have arrived. It counts while it is held. Throws `server_busy`. */
  enter(headers: IncomingHttpHeaders): Seat {
    const { maxConcurrent, maxWaiting, maxBodiesMb } = this.#limits;
    const bytes = this.#bytesOf(headers);
    const isFull = this.#open >= maxConcurrent + maxWaiting;
    const isTooMuch = this.#bodyBytes > 0 && this.#bodyBytes + bytes > maxBodiesMb * mebibyte;
    if (isFull || isTooMuch) throw new Refused("server_busy");
    return new Seat((change) => {
      this.#open += change;
      this.#bodyBytes += change * bytes;
    });
  }

  /** Waits until fewer than `max_concurrent` requests are worked on. A request has its body by then, so slow clients keep nobody out. */
  work<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    return this.#slots.run(1, signal, "waiting for other requests", work);
  }

  /** A body of unknown length counts as the longest one. Longer ones are refused later. */
  #bytesOf({ "content-length": length, "transfer-encoding": encoding }: IncomingHttpHeaders): number {
    const most = this.#limits.maxBodyMb * mebibyte;
    return encoding === undefined ? Math.min(Number(length ?? 0) || 0, most) : most;
  }
}
