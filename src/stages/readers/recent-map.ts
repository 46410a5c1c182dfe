/** A map of bounded memory that forgets what was unused for the longest time. */

interface Held<Value> {
  readonly value: Value;
  readonly bytes: number;
}

/** There are two generations: when the younger one is full, it becomes the older one. What is found in the older one moves to the younger. */
export class RecentMap<Value> {
  readonly #maxBytes: number;
  #younger = new Map<string, Held<Value>>();
  #older: ReadonlyMap<string, Held<Value>> = new Map();
  #youngerBytes = 0;

  constructor({ maxBytes }: { readonly maxBytes: number }) {
    this.#maxBytes = maxBytes;
  }

  get(key: string): Value | undefined {
    const young = this.#younger.get(key);
    if (young !== undefined) return young.value;
    const old = this.#older.get(key);
    if (old !== undefined) this.#keep(key, old);
    return old?.value;
  }

  /** `bytes`: the memory of the value and its key. */
  set(key: string, value: Value, bytes: number): void {
    this.#youngerBytes -= this.#younger.get(key)?.bytes ?? 0;
    this.#younger.delete(key);
    this.#keep(key, { value, bytes });
  }

  #keep(key: string, held: Held<Value>): void {
    if (this.#youngerBytes + held.bytes > this.#maxBytes / 2) {
      this.#older = this.#younger;
      this.#younger = new Map();
      this.#youngerBytes = 0;
    }
    this.#younger.set(key, held);
    this.#youngerBytes += held.bytes;
  }
}
