import type { ImageFacts, Item } from "../../contracts/index.js";

/** Returns the item for the next stage: the same image with a new value, a new memory size, and new facts if they are given. */
export function advance<T>(item: Item<unknown>, value: T, bytes: number, facts: ImageFacts = item.facts): Item<T> {
  return { seq: item.seq, id: item.id, facts, bytes, value };
}
