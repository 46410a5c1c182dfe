/** The bounded queue in front of a stage. Items wait in it until they form a batch. */
import { startTimer } from "../kit/index.js";
import { Ring } from "./ring.js";
import type { QueueFill } from "./schedule.js";
import type { Ticket } from "./ticket.js";

export interface QueueLimits {
  /** Maximum number of items that may wait in the queue. */
  readonly maxItems: number;
  readonly batchItems: number;
  readonly batchBytes: number;
  /** An incomplete batch leaves when no item has come for this time. */
  readonly lingerMs: number;
  /** An incomplete batch leaves when its oldest item has waited for this time, even if items keep coming. */
  readonly maxLingerMs: number;
}

type Taker = (batch: readonly Ticket[] | undefined) => void;

/**
 * The queue is bounded by its number of items. Workers that take batches are served in order of arrival. A batch is due when it is full,
 * when the queue is full or closed, when it has lingered (see `QueueLimits`), or when `isUrgent` returns true.
 */
export class LaneQueue {
  readonly #limits: QueueLimits;
  readonly #isUrgent: () => boolean;
  readonly #items = new Ring<Ticket>();
  readonly #takers = new Ring<Taker>();
  readonly #pushers = new Ring<() => void>();
  #bytes = 0;
  #maxQueued = 0;
  /** When the last item came. */
  #newestAt = 0;
  #closed = false;
  #halted = false;
  #recheckQueued = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `isUrgent` returns true while waiting items should leave without lingering. */
  constructor(limits: QueueLimits, isUrgent: () => boolean) {
    this.#limits = limits;
    this.#isUrgent = isUrgent;
  }

  get size(): number {
    return this.#items.size;
  }

  get fill(): QueueFill {
    return { items: this.#items.size, bytes: this.#bytes, maxItems: this.#limits.maxItems };
  }

  /** The largest number of items that were in the queue at once. */
  get maxQueued(): number {
    return this.#maxQueued;
  }

  /** Adds an item. Returns false when the queue is full: call `waitForRoom` and try again. After `halt`, items are accepted and dropped. */
  push(ticket: Ticket, now: number): boolean {
    if (this.#halted) return true;
    if (this.#items.size >= this.#limits.maxItems) return false;
    ticket.queuedAt = now;
    this.#newestAt = now;
    this.#items.push(ticket);
    this.#bytes += ticket.item.bytes;
    if (this.#items.size > this.#maxQueued) this.#maxQueued = this.#items.size;
    if (this.#takers.size > 0) this.#onPush(ticket, now);
    return true;
  }

  /** Resolves when the queue may have room again. */
  waitForRoom(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#halted || this.#items.size < this.#limits.maxItems) resolve();
      else this.#pushers.push(resolve);
    });
  }

  /** Returns a batch without waiting, or undefined when no batch is due or another worker waits for one. */
  tryTake(now: number): readonly Ticket[] | undefined {
    return this.#takers.size === 0 && this.#isDue(now) ? this.#takeBatch() : undefined;
  }

  /** Resolves to the next batch when it is due. Resolves to undefined when the queue is closed and empty. */
  take(): Promise<readonly Ticket[] | undefined> {
    return new Promise((resolve) => {
      this.#takers.push(resolve);
      this.#serve();
    });
  }

  /** Call this when no more items will come. Waiting items no longer linger. */
  close(): void {
    this.#closed = true;
    this.#serve();
  }

  /** Call this when the result of `isUrgent` may have changed. */
  recheck(): void {
    if (this.#takers.size > 0) this.#serve();
  }

  /** Drops all items and ends the waits of all workers and producers. */
  halt(): void {
    this.#halted = true;
    while (this.#items.size > 0) this.#items.shift();
    this.#bytes = 0;
    for (let wake = this.#pushers.shift(); wake; wake = this.#pushers.shift()) wake();
    this.close();
  }

  /**
   * Hands out a full batch at once. A batch that is due because of its age first waits for items that the same producer is still pushing.
   */
  #onPush(ticket: Ticket, now: number): void {
    if (this.#isFull()) {
      this.#serve();
    } else if (!this.#recheckQueued && this.#isDue(now)) {
      this.#recheckQueued = true;
      queueMicrotask(this.#recheckLater);
    } else if (this.#timer === undefined) {
      this.#setTimer(this.#dueAt(ticket) - now);
    }
  }

  readonly #recheckLater = (): void => {
    this.#recheckQueued = false;
    this.#serve();
  };

  #serve(): void {
    if (this.#takers.size === 0 && !this.#closed) return;
    const now = performance.now();
    while (this.#takers.size > 0 && this.#isDue(now)) this.#takers.shift()?.(this.#takeBatch());
    if (this.#closed) {
      this.#clearTimer();
      if (this.#items.size === 0) for (let taker = this.#takers.shift(); taker; taker = this.#takers.shift()) taker(undefined);
      return;
    }
    const oldest = this.#items.peek();
    if (this.#takers.size > 0 && oldest !== undefined && this.#timer === undefined) {
      this.#setTimer(this.#dueAt(oldest) - now);
    }
  }

  /** When an incomplete batch with this oldest item leaves, if no more items come. */
  #dueAt(oldest: Ticket): number {
    const { lingerMs, maxLingerMs } = this.#limits;
    return Math.min(this.#newestAt + lingerMs, oldest.queuedAt + maxLingerMs);
  }

  #isFull(): boolean {
    const { size } = this.#items;
    return size >= this.#limits.batchItems || this.#bytes >= this.#limits.batchBytes || size >= this.#limits.maxItems || this.#closed;
  }

  #isDue(now: number): boolean {
    const oldest = this.#items.peek();
    if (oldest === undefined) return false;
    return this.#isFull() || now >= this.#dueAt(oldest) || this.#isUrgent();
  }

  #takeBatch(): readonly Ticket[] {
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

  /**
   * The timer keeps running when a batch leaves early. When the timer fires, it checks the queue again. This needs one timer per linger
   * period instead of one per batch.
   */
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
