/** An embedder that reports failures of its service, because the service may have another model when it is back. */
import { type Embedder, HeadraceError, type Slab, type Vectors } from "../../contracts/index.js";
import { ForwardingEmbedder } from "./forwarding-embedder.js";

export class WatchedEmbedder extends ForwardingEmbedder {
  readonly #onAway: () => void;

  /** `inner` must be open, and `WatchedEmbedder` does not close it. `onAway` is called after each failure of scope `service`. */
  constructor(inner: Embedder, onAway: () => void) {
    super(inner);
    this.#onAway = onAway;
  }

  override async embed(slab: Slab, signal: AbortSignal): Promise<Vectors> {
    try {
      return await super.embed(slab, signal);
    } catch (error) {
      if (HeadraceError.is(error) && error.scope === "service") this.#onAway();
      throw error;
    }
  }
}
