/** Converts an error of one item to a result of that item, so that the other items of the batch are still processed. */
import { HeadraceError, type Item, type Result } from "../../contracts/index.js";

/** Returns the result of `work`. If `work` throws an error of scope "item", returns a failed result. Any other error is thrown again. */
export function resultFor<I, O>(item: Item<I>, work: (item: Item<I>) => Result<O>): Result<O> {
  try {
    return work(item);
  } catch (thrown) {
    const error = HeadraceError.from(thrown);
    if (error.scope !== "item") throw error;
    return { kind: "fail", seq: item.seq, error };
  }
}
