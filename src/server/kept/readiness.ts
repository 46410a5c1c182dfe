/** Whether the service can answer: a real inference and a real query. Checks that arrive together share one. */
import type { ImageEmbeddingPipeline } from "../../app/index.js";
import { HeadraceError } from "../../contracts/index.js";

export interface Readiness {
  readonly ready: boolean;
  readonly parts: readonly { readonly name: string; readonly kind: string; readonly ok: boolean; readonly code: string | null }[];
}

export class ReadinessCheck {
  #checking: Promise<Readiness> | null = null;
  #checked: { readonly atMs: number; readonly readiness: Readiness } | null = null;

  /** A result is used again for `keepMs` milliseconds, so that frequent probes do not load the model. */
  constructor(
    readonly pipeline: Pick<ImageEmbeddingPipeline, "health" | "listCollections" | "searchImages">,
    readonly keepMs = 1000,
  ) {}

  async now(): Promise<Readiness> {
    if (this.#checked !== null && performance.now() - this.#checked.atMs < this.keepMs) return this.#checked.readiness;
    this.#checking ??= this.#check();
    try {
      const readiness = await this.#checking;
      this.#checked = { atMs: performance.now(), readiness };
      return readiness;
    } finally {
      this.#checking = null;
    }
  }

  async #check(): Promise<Readiness> {
    const health = await this.pipeline.health();
    const parts = health.parts.map(({ name, kind, ok, code }) => ({ name, kind, ok, code }));
    const store = parts.find(({ name }) => name === "store");
    const code = store?.ok === true ? await this.#query() : null;
    const answered = parts.map((part) => (part.name === "store" && code !== null ? { ...part, ok: false, code } : part));
    return { ready: answered.every(({ ok }) => ok), parts: answered };
  }

  /** Searches the first collection that has rows. Returns the code of the error, or null. */
  async #query(): Promise<string | null> {
    try {
      const filled = (await this.pipeline.listCollections()).find(({ count }) => count > 0);
      if (filled === undefined) return null;
      const vector = new Float32Array(filled.dimension).fill(1 / Math.sqrt(filled.dimension));
      await this.pipeline.searchImages({ vector }, { collectionName: filled.name, topK: 1 });
      return null;
    } catch (error) {
      return HeadraceError.from(error).code;
    }
  }
}
