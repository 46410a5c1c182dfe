/** The byte gate enforces the memory budget of a run. Items wait at the gate, in order of arrival, until the budget has room for them. */
import { Ring } from "./ring.js";

/** Result of waiting at the gate. "halted": a hard stop ended the wait before the item entered. */
export type Entry = "entered" | "halted";

interface Waiter {
  readonly bytes: number;
  readonly resolve: (entry: Entry) => void;
}

export class ByteGate {
  readonly #budgetBytes: number;
  readonly #onWaiting: () => void;
  readonly #waiters = new Ring<Waiter>();
  #usedBytes = 0;
  #peakBytes = 0;
  #inside = 0;
  #halted = false;

  /** `onWaiting` is called when an item starts to wait. */
  constructor(budgetBytes: number, onWaiting: () => void) {
    this.#budgetBytes = budgetBytes;
    this.#onWaiting = onWaiting;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  get peakBytes(): number {
    return this.#peakBytes;
  }

  get hasWaiter(): boolean {
    return this.#waiters.size > 0;
  }

  /**
   * Reserves bytes without waiting. Returns false when there is no room or other items wait. An item larger than the whole budget enters
   * alone.
   */
  tryReserve(bytes: number): boolean {
    if (this.#waiters.size > 0 || !this.#fits(bytes)) return false;
    this.#enter(bytes);
    return true;
  }

  /** Waits until earlier items have entered and there is room, then reserves the bytes. After `halt`, no item enters. */
  reserve(bytes: number): Promise<Entry> {
    return new Promise((resolve) => {
      if (this.#halted) {
        resolve("halted");
        return;
      }
      if (this.tryReserve(bytes)) {
        resolve("entered");
        return;
      }
      this.#waiters.push({ bytes, resolve });
      this.#onWaiting();
    });
  }

  /** Changes the reserved bytes of an item that has entered. A negative number releases bytes. Never waits. */
  charge(bytes: number): void {
    this.#usedBytes += bytes;
    if (this.#usedBytes > this.#peakBytes) this.#peakBytes = this.#usedBytes;
    if (bytes < 0) this.#admitWaiting();
  }

  /** Releases the remaining bytes of an item that leaves the gate. */
  leave(bytes: number): void {
    this.#inside -= 1;
    this.#usedBytes = this.#inside === 0 ? 0 : this.#usedBytes - bytes;
    this.#admitWaiting();
  }

  /** Ends all waits without reserving bytes, also those that begin later: a worker may have taken a batch just before the stop. */
  halt(): void {
    this.#halted = true;
    for (let waiter = this.#waiters.shift(); waiter; waiter = this.#waiters.shift()) waiter.resolve("halted");
  }

  #admitWaiting(): void {
    for (let first = this.#waiters.peek(); first !== undefined && this.#fits(first.bytes); first = this.#waiters.peek()) {
      this.#waiters.shift();
      this.#enter(first.bytes);
      first.resolve("entered");
    }
  }

  #enter(bytes: number): void {
    this.#inside += 1;
    this.charge(bytes);
  }

  #fits(bytes: number): boolean {
    return this.#inside === 0 || this.#usedBytes + bytes <= this.#budgetBytes;
  }
}
