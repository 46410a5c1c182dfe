/** Groups of keys that belong together: a union-find. Keys that were never joined need no memory. */
import type { Key } from "../contracts/index.js";

export class KeyGroups {
  readonly #numbers = new Map<Key, number>();
  readonly #keys: Key[] = [];
  /** For each key the number of another key of its group, or its own number. */
  readonly #parents: number[] = [];

  join(a: Key, b: Key): void {
    const [rootA, rootB] = [this.#rootOf(this.#numberOf(a)), this.#rootOf(this.#numberOf(b))];
    this.#parents[Math.max(rootA, rootB)] = Math.min(rootA, rootB);
  }

  /** Returns the groups in the order of their first keys. */
  all(): readonly (readonly Key[])[] {
    const groups = new Map<number, Key[]>();
    for (const [number, key] of this.#keys.entries()) {
      const root = this.#rootOf(number);
      const group = groups.get(root);
      if (group === undefined) groups.set(root, [key]);
      else group.push(key);
    }
    return [...groups.values()];
  }

  #numberOf(key: Key): number {
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.#keys.push(key) - 1;
    this.#numbers.set(key, number);
    this.#parents.push(number);
    return number;
  }

  #rootOf(number: number): number {
    let root = number;
    while (this.#parents[root] !== root) root = this.#parents[root]!;
    for (let at = number; at !== root; ) [at, this.#parents[at]] = [this.#parents[at]!, root];
    return root;
  }
}
