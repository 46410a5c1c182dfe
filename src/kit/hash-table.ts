/** A table of 64-bit hashes in typed arrays. It needs a fraction of the memory of a Map of strings, and has no limit of 16 million entries. */

/** Two unsigned 32-bit numbers. */
export type Hash = readonly [number, number];

/** The table is split into parts, so that growing one takes little time. A power of two. */
const parts = 64;
const startSlots = 16;
const maxLoad = 0.75;
const growth = 1.5;

export class HashTable {
  readonly #parts: readonly Part[];

  /** `values`: the count of unsigned 32-bit numbers stored with each hash. */
  constructor({ values }: { readonly values: number }) {
    this.#parts = Array.from({ length: parts }, () => new Part(2 + values));
  }

  /** Memory in use. */
  get bytes(): number {
    return this.#parts.reduce((sum, part) => sum + part.bytes, 0);
  }

  /** Returns the values that were stored first with this hash. Stores these values and returns null if the hash is new. */
  first(hash: Hash, values: readonly number[]): readonly number[] | null {
    return this.#parts[hash[1] % parts]!.first(hash, values);
  }

  /** The values that came first with this hash; null when none came. */
  get(hash: Hash): readonly number[] | null {
    return this.#parts[hash[1] % parts]!.get(hash);
  }
}

/** Open addressing. A slot holds a hash and its values. A slot whose hash is zero is free. */
class Part {
  #slots = startSlots;
  #used = 0;
  #words: Uint32Array;

  constructor(readonly width: number) {
    this.#words = new Uint32Array(startSlots * width);
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
    if (found !== null) return found;
    const [high, low] = hash;
    this.#words.set([marked(high, low), low, ...values], this.#find(marked(high, low), low));
    this.#used += 1;
    if (this.#used > this.#slots * maxLoad) this.#grow();
    return null;
  }

  /** Position of the hash, or of the free slot for it. */
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

/** A hash of zeros would look like a free slot. */
function marked(high: number, low: number): number {
  return high === 0 && low === 0 ? 1 : high;
}
