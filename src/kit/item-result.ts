/** Lifts work on one item to an answer for it, so that one item's failure is its own. */
import { HeadraceError, type Item, type Result } from "../contracts/index.js";

/** What `work` answers, or the failure it throws, when that is the item's alone; a wider one is thrown on. */
export function resultFor<I, O>(item: Item<I>, work: (item: Item<I>) => Result<O>): Result<O> {
  try {
    return work(item);
  } catch (thrown) {
    const error = HeadraceError.from(thrown);
    if (error.scope !== "item") throw error;
    return { kind: "fail", seq: item.seq, error };
  }
}
