/** A ring buffer: a first-in, first-out list whose operations take constant time. */
export class Ring<T> {
  #slots: (T | undefined)[];
  #head = 0;
  #size = 0;

  /** `capacity` is the initial size. The ring doubles when it is full. */
  constructor(capacity = 8) {
    this.#slots = new Array<T | undefined>(powerOfTwo(capacity));
  }

  get size(): number {
    return this.#size;
  }

  /** Returns the oldest entry without removing it. */
  peek(): T | undefined {
    return this.#slots[this.#head];
  }

  push(entry: T): void {
    if (this.#size === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.#size) & (this.#slots.length - 1)] = entry;
    this.#size += 1;
  }

  /** Removes and returns the oldest entry. */
  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    const entry = this.#slots[this.#head];
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    this.#size -= 1;
    return entry;
  }

  #grow(): void {
    const { length } = this.#slots;
    const slots = new Array<T | undefined>(length * 2);
    for (let at = 0; at < this.#size; at += 1) slots[at] = this.#slots[(this.#head + at) & (length - 1)];
    this.#slots = slots;
    this.#head = 0;
  }
}

function powerOfTwo(atLeast: number): number {
  let length = 1;
  while (length < atLeast) length *= 2;
  return length;
}
