/** A hash table with 64-bit keys in typed arrays. It needs less memory than a Map of strings, and can have more than 16 million entries. */
import { hash } from "node:crypto";

/** A 64-bit hash as two unsigned 32-bit numbers. */
export type Hash = readonly [number, number];

/** Returns the first 64 bits of the text's SHA-256. Among a million texts, two have the same hash with a probability of 3 in 10⁸. */
export function hashOfText(text: string): Hash {
  return hashOfDigits(hash("sha256", text, "hex"));
}

/** Returns the first 64 bits of a hash that is given as hex digits, such as a derived key. */
export function hashOfDigits(digits: string): Hash {
  return [Number.parseInt(digits.slice(0, 8), 16), Number.parseInt(digits.slice(8, 16), 16)];
}

/** Number of parts of a table. Each part grows alone, so that growing takes little time. Must be a power of two. */
const parts = 64;
const startSlots = 16;
const maxLoad = 0.75;
const growth = 1.5;
/** Some parts get more hashes than others. */
const unevenness = 1.03;

export class HashTable {
  readonly #parts: readonly Part[];

  /**
   * `values`: how many unsigned 32-bit numbers are stored with each hash. `entries`: how many hashes are expected. Their memory is taken at once,
   * and none of it is left over. Default: the table grows with them.
   */
  constructor({ values, entries = 0 }: { readonly values: number; readonly entries?: number }) {
    const slots = Math.max(startSlots, Math.ceil((entries / parts / maxLoad) * unevenness));
    this.#parts = Array.from({ length: parts }, () => new Part(2 + values, slots));
  }

  /** Memory of the table in bytes. */
  get bytes(): number {
    return this.#parts.reduce((sum, part) => sum + part.bytes, 0);
  }

  /** If the hash is in the table, returns the stored values and changes nothing. Otherwise stores `values` and returns null. */
  first(hash: Hash, values: readonly number[]): readonly number[] | null {
    return this.#parts[hash[1] % parts]!.first(hash, values);
  }

  /** Stores `values` with the hash, in place of values that are stored with it. */
  set(hash: Hash, values: readonly number[]): void {
    this.#parts[hash[1] % parts]!.set(hash, values);
  }

  /** Returns the values that are stored with the hash. Returns null if the hash is not in the table. */
  get(hash: Hash): readonly number[] | null {
    return this.#parts[hash[1] % parts]!.get(hash);
  }
}

/** A hash table with open addressing. A slot contains a hash and its values. A slot with the hash zero is free. */
class Part {
  #slots: number;
  #used = 0;
  #words: Uint32Array;

  constructor(
    readonly width: number,
    slots: number,
  ) {
    this.#slots = slots;
    this.#words = new Uint32Array(slots * width);
  }

  get bytes(): number {
    return this.#words.byteLength;
  }

  get([high, low]: Hash): readonly number[] | null {
    const at = this.#find(marked(high, low), low);
    const isFree = this.#words[at] === 0 && this.#words[at + 1] === 0;
    return isFree ? null : [...this.#words.subarray(at + 2, at + this.width)];
  }

  first(hash: Hash, values: readonly number[]): readonly number[] | null {
    const found = this.get(hash);
    if (found === null) this.set(hash, values);
    return found;
  }

  set([high, low]: Hash, values: readonly number[]): void {
    const at = this.#find(marked(high, low), low);
    if (this.#words[at] === 0 && this.#words[at + 1] === 0) this.#used += 1;
    this.#words.set([marked(high, low), low, ...values], at);
    if (this.#used > this.#slots * maxLoad) this.#grow();
  }

  /** Returns the position of the slot with this hash. If there is none, returns the position of the free slot for the hash. */
  #find(high: number, low: number): number {
    let slot = high % this.#slots;
    for (;;) {
      const at = slot * this.width;
      const isFree = this.#words[at] === 0 && this.#words[at + 1] === 0;
      if (isFree || (this.#words[at] === high && this.#words[at + 1] === low)) return at;
      slot = slot + 1 === this.#slots ? 0 : slot + 1;
    }
  }

  #grow(): void {
    const old = this.#words;
    this.#slots = Math.ceil(this.#slots * growth);
    this.#words = new Uint32Array(this.#slots * this.width);
    for (let at = 0; at < old.length; at += this.width) {
      const [high = 0, low = 0] = old.subarray(at, at + 2);
      if (high !== 0 || low !== 0) this.#words.set(old.subarray(at, at + this.width), this.#find(high, low));
    }
  }
}

/** Replaces the hash zero by another hash, because a slot with the hash zero is free. */
function marked(high: number, low: number): number {
  return high === 0 && low === 0 ? 1 : high;
}
