/** Turns the failure of one item into its result, so that the rest of the batch continues. */
import { HeadraceError, type Item, type Result } from "../contracts/index.js";

/** Returns the result of `work`. An error of scope `item` becomes a failure of the item; any other error is rethrown. */
export function resultFor<I, O>(item: Item<I>, work: (item: Item<I>) => Result<O>): Result<O> {
  try {
    return work(item);
  } catch (thrown) {
    const error = HeadraceError.from(thrown);
    if (error.scope !== "item") throw error;
    return { kind: "fail", seq: item.seq, error };
  }
}
