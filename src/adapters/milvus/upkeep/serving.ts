/** Lets a collection answer queries: an index if it has none, then the request to load it. */
import { HeadraceError } from "../../../contracts/index.js";
import { isIndexMissing } from "../errors.js";
import type { IndexType } from "../options.js";
import type { LoadState } from "./load-state.js";
import type { VectorIndex } from "./vector-index.js";
import { pause } from "./waits.js";

/** Another process can drop the index between two calls; its own is there a moment later. */
const attempts = 20;
const retryMs = 250;

/** Done again, it changes nothing. `missing` says which index a collection without one gets. */
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
