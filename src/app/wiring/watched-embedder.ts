/** An embedder that reports failures of its service, because the service may have another model when it is back. */
import {
  type Embedder,
  type Feed,
  type Finding,
  HeadraceError,
  type ServerUse,
  type Slab,
  type TensorSpec,
  type Vectors,
} from "../../contracts/index.js";

export class WatchedEmbedder implements Embedder {
  readonly #inner: Embedder;
  readonly #onAway: () => void;

  /** `inner` must be open, and `WatchedEmbedder` does not close it. `onAway` is called after each failure of scope `service`. */
  constructor(inner: Embedder, onAway: () => void) {
    this.#inner = inner;
    this.#onAway = onAway;
  }

  get name(): string {
    return this.#inner.name;
  }

  get input(): TensorSpec {
    return this.#inner.input;
  }

  get dimension(): number {
    return this.#inner.dimension;
  }

  get label(): string {
    return this.#inner.label;
  }

  get preset(): string | null {
    return this.#inner.preset ?? null;
  }

  get presetFile(): string | null {
    return this.#inner.presetFile ?? null;
  }

  get feed(): Feed {
    return this.#inner.feed;
  }

  notices(): readonly string[] {
    return this.#inner.notices?.() ?? [];
  }

  async serverUse(signal: AbortSignal): Promise<ServerUse | null> {
    return (await this.#inner.serverUse?.(signal)) ?? null;
  }

  check(signal: AbortSignal): Promise<void> {
    return this.#inner.check(signal);
  }

  lease(rows: number): Slab {
    return this.#inner.lease(rows);
  }

  async embed(slab: Slab, signal: AbortSignal): Promise<Vectors> {
    try {
      return await this.#inner.embed(slab, signal);
    } catch (error) {
      if (HeadraceError.is(error) && error.scope === "service") this.#onAway();
      throw error;
    }
  }

  async diagnose(signal: AbortSignal): Promise<readonly Finding[]> {
    return (await this.#inner.diagnose?.(signal)) ?? [];
  }
}
