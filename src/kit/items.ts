/** Makes the next item of an item. */
import type { ImageFacts, Item } from "../contracts/index.js";

/** The same image one step further: new value, new size in memory, facts that are known now. */
export function advance<T>(item: Item<unknown>, value: T, bytes: number, facts: ImageFacts = item.facts): Item<T> {
  return { seq: item.seq, id: item.id, facts, bytes, value };
}
