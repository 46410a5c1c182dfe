/** An embedder that passes all calls to another one. Its subclasses change single calls. */
import type { Embedder, Feed, Finding, ModelTensors, ServerUse, Slab, TensorSpec, Vectors } from "../../contracts/index.js";

export class ForwardingEmbedder implements Embedder {
  /** `inner` must be open, and `ForwardingEmbedder` does not close it. */
  constructor(protected readonly inner: Embedder) {}

  get name(): string {
    return this.inner.name;
  }

  get input(): TensorSpec {
    return this.inner.input;
  }

  get dimension(): number {
    return this.inner.dimension;
  }

  get label(): string {
    return this.inner.label;
  }

  get preset(): string | null {
    return this.inner.preset ?? null;
  }

  get presetFile(): string | null {
    return this.inner.presetFile ?? null;
  }

  get tensors(): ModelTensors | null {
    return this.inner.tensors ?? null;
  }

  get feed(): Feed {
    return this.inner.feed;
  }

  notices(): readonly string[] {
    return this.inner.notices?.() ?? [];
  }

  async serverUse(signal: AbortSignal): Promise<ServerUse | null> {
    return (await this.inner.serverUse?.(signal)) ?? null;
  }

  check(signal: AbortSignal): Promise<void> {
    return this.inner.check(signal);
  }

  lease(rows: number): Slab {
    return this.inner.lease(rows);
  }

  embed(slab: Slab, signal: AbortSignal): Promise<Vectors> {
    return this.inner.embed(slab, signal);
  }

  async diagnose(signal: AbortSignal): Promise<readonly Finding[]> {
    return (await this.inner.diagnose?.(signal)) ?? [];
  }
}
