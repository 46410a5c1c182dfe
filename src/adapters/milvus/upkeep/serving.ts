/** Makes a collection searchable: creates the index if it is missing, then requests that the server loads the collection. */
import { HeadraceError } from "../../../contracts/index.js";
import { pause } from "../connection/waits.js";
import { isIndexMissing } from "../errors.js";
import type { IndexType } from "../options.js";
import type { LoadState } from "./load-state.js";
import type { VectorIndex } from "./vector-index.js";

/**
 * Maximum retries. Another process may drop the index between two calls of this process. The other process creates a new index a moment
 * later.
 */
const attempts = 20;
const retryMs = 250;

/** Does nothing when the collection is loaded or loading. `missing`: the type of the index to create when the collection has no index. */
export async function serve(index: VectorIndex, load: LoadState, missing: IndexType, signal?: AbortSignal): Promise<void> {
  const what = `load ${load.collection}`;
  for (let left = attempts; ; left -= 1) {
    if ((await load.now(signal)) !== "released") return;
    if ((await index.inPlace(signal)) === null) await index.create(missing, signal);
    try {
      await load.request(signal);
      return;
    } catch (error) {
      if (left === 0 || !HeadraceError.is(error) || !isIndexMissing(error.cause)) throw error;
    }
    await pause(retryMs, { what, signal });
  }
}
