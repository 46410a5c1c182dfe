/** The byte gate: how much all images in flight may hold together, waited for at one place, first come, first served. */
import { Ring } from "./ring.js";

/** How waiting at the gate ended. */
export type Entry = "entered" | "halted";

interface Waiter {
  readonly bytes: number;
  readonly enter: (how: Entry) => void;
}

export class ByteGate {
  readonly #budgetBytes: number;
  readonly #onWaiting: () => void;
  readonly #waiters = new Ring<Waiter>();
  #usedBytes = 0;
  #peakBytes = 0;
  #inside = 0;

  /** `onWaiting` is called when somebody begins to wait. */
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

  /** Reserves at once, or answers false: no room, or others came before. More than the whole budget enters alone. */
  tryReserve(bytes: number): boolean {
    if (this.#waiters.size > 0 || !this.#fits(bytes)) return false;
    this.#enter(bytes);
    return true;
  }

  /** Reserves when it is this one's turn and there is room. */
  reserve(bytes: number): Promise<Entry> {
    return new Promise((enter) => {
      if (this.tryReserve(bytes)) {
        enter("entered");
        return;
      }
      this.#waiters.push({ bytes, enter });
      this.#onWaiting();
    });
  }

  /** Counts what one inside takes or, below zero, gives back; never waited for. */
  charge(bytes: number): void {
    this.#usedBytes += bytes;
    if (this.#usedBytes > this.#peakBytes) this.#peakBytes = this.#usedBytes;
    if (bytes < 0) this.#letIn();
  }

  /** Gives back all that one inside still holds. */
  leave(bytes: number): void {
    this.#inside -= 1;
    this.#usedBytes = this.#inside === 0 ? 0 : this.#usedBytes - bytes;
    this.#letIn();
  }

  /** Lets all who wait go, with nothing reserved. */
  halt(): void {
    for (let waiter = this.#waiters.shift(); waiter; waiter = this.#waiters.shift()) waiter.enter("halted");
  }

  #letIn(): void {
    for (let first = this.#waiters.peek(); first !== undefined && this.#fits(first.bytes); first = this.#waiters.peek()) {
      this.#waiters.shift();
      this.#enter(first.bytes);
      first.enter("entered");
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
