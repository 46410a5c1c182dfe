import { startTimer } from "../kit/index.js";
/** The bounded queue before a stage: items linger in it until they make a batch. */
import { Ring } from "./ring.js";
import type { Ticket } from "./ticket.js";

export interface QueueLimits {
  /** Items that may wait. */
  readonly maxItems: number;
  readonly batchItems: number;
  readonly batchBytes: number;
  /** How long the oldest item may wait for others. */
  readonly lingerMs: number;
}

type Taker = (batch: readonly Ticket[] | undefined) => void;

/**
 * Bounded by items. Those who take line up: the first in line forms its batch alone, the others wait behind it.
 * A batch is due when it or the queue is full, the oldest item has lingered long enough, the queue is closed, or it is urgent.
 */
export class LaneQueue {
  readonly #limits: QueueLimits;
  readonly #isUrgent: () => boolean;
  readonly #items = new Ring<Ticket>();
  readonly #takers = new Ring<Taker>();
  readonly #pushers = new Ring<() => void>();
  #bytes = 0;
  #maxQueued = 0;
  #closed = false;
  #halted = false;
  #lookComes = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `isUrgent` is asked whether items must not linger now. */
  constructor(limits: QueueLimits, isUrgent: () => boolean) {
    this.#limits = limits;
    this.#isUrgent = isUrgent;
  }

  get size(): number {
    return this.#items.size;
  }

  /** The most items that ever waited. */
  get maxQueued(): number {
    return this.#maxQueued;
  }

  /** False when the queue is full: wait for `room` and try again. After `halt` everything is taken and dropped. */
  push(ticket: Ticket, now: number): boolean {
    if (this.#halted) return true;
    if (this.#items.size >= this.#limits.maxItems) return false;
    ticket.queuedAt = now;
    this.#items.push(ticket);
    this.#bytes += ticket.item.bytes;
    if (this.#items.size > this.#maxQueued) this.#maxQueued = this.#items.size;
    if (this.#takers.size > 0) this.#notice(now);
    return true;
  }

  /** Resolves when there may be room again. */
  room(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#halted || this.#items.size < this.#limits.maxItems) resolve();
      else this.#pushers.push(resolve);
    });
  }

  /** A batch, if one is due and nobody is in line. */
  tryTake(now: number): readonly Ticket[] | undefined {
    return this.#takers.size === 0 && this.#isDue(now) ? this.#collect() : undefined;
  }

  /** The next batch when it is due; undefined when the queue is closed and empty. */
  take(): Promise<readonly Ticket[] | undefined> {
    return new Promise((resolve) => {
      this.#takers.push(resolve);
      this.#serve();
    });
  }

  /** No more items come: what waits no longer lingers. */
  close(): void {
    this.#closed = true;
    this.#serve();
  }

  /** Whether to linger may be answered otherwise now. */
  look(): void {
    if (this.#takers.size > 0) this.#serve();
  }

  /** Drops what waits and lets everybody go. */
  halt(): void {
    this.#halted = true;
    while (this.#items.size > 0) this.#items.shift();
    this.#bytes = 0;
    for (let wake = this.#pushers.shift(); wake; wake = this.#pushers.shift()) wake();
    this.close();
  }

  /** A full batch goes at once; one that is due by age waits for what the same producer still hands over. */
  #notice(now: number): void {
    if (this.#isFull()) {
      this.#serve();
    } else if (!this.#lookComes && this.#isDue(now)) {
      this.#lookComes = true;
      queueMicrotask(this.#lateLook);
    } else if (this.#timer === undefined) {
      this.#setTimer(this.#limits.lingerMs);
    }
  }

  readonly #lateLook = (): void => {
    this.#lookComes = false;
    this.#serve();
  };

  #serve(): void {
    if (this.#takers.size === 0 && !this.#closed) return;
    const now = performance.now();
    while (this.#takers.size > 0 && this.#isDue(now)) this.#takers.shift()?.(this.#collect());
    if (this.#closed) {
      this.#clearTimer();
      if (this.#items.size === 0) for (let taker = this.#takers.shift(); taker; taker = this.#takers.shift()) taker(undefined);
      return;
    }
    const oldest = this.#items.peek();
    if (this.#takers.size > 0 && oldest !== undefined && this.#timer === undefined) {
      this.#setTimer(oldest.queuedAt + this.#limits.lingerMs - now);
    }
  }

  #isFull(): boolean {
    const { size } = this.#items;
    return size >= this.#limits.batchItems || this.#bytes >= this.#limits.batchBytes || size >= this.#limits.maxItems || this.#closed;
  }

  #isDue(now: number): boolean {
    const oldest = this.#items.peek();
    if (oldest === undefined) return false;
    return this.#isFull() || now - oldest.queuedAt >= this.#limits.lingerMs || this.#isUrgent();
  }

  #collect(): readonly Ticket[] {
    const { batchItems, batchBytes, maxItems } = this.#limits;
    const batch: Ticket[] = [];
    let bytes = 0;
    for (let next = this.#items.peek(); next !== undefined && batch.length < batchItems; next = this.#items.peek()) {
      if (batch.length > 0 && bytes + next.item.bytes > batchBytes) break;
      this.#items.shift();
      bytes += next.item.bytes;
      batch.push(next);
    }
    this.#bytes = this.#items.size === 0 ? 0 : this.#bytes - bytes;
    for (let free = maxItems - this.#items.size; free > 0 && this.#pushers.size > 0; free -= 1) this.#pushers.shift()?.();
    return batch;
  }

  /** Left running when a batch goes before its time: it looks again when it fires. One timer a linger, not one a batch. */
  #setTimer(delayMs: number): void {
    this.#timer = startTimer(() => {
      this.#timer = undefined;
      this.#serve();
    }, Math.ceil(delayMs));
  }

  #clearTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
