import type { ImageFacts, Item } from "../contracts/index.js";

/** The same image after a stage: new value, new size in memory, and new facts if any. */
export function advance<T>(item: Item<unknown>, value: T, bytes: number, facts: ImageFacts = item.facts): Item<T> {
  return { seq: item.seq, id: item.id, facts, bytes, value };
}
