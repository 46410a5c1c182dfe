/** What is proven of one server: which versions serve the model that the run began with, over which connections. */

/** A server that comes back takes longer to load its model: a proof as young as this still holds. */
const proofHoldsMs = 250;

export class Trust {
  readonly #versions = new Set<string>();
  #losses = -1;
  #atMs = Number.NEGATIVE_INFINITY;

  /** `losses`: how many connections were lost when the proof was asked for. */
  found(version: string, losses: number): void {
    // Behind a new connection may be a new server, and what its versions are is not known yet.
    if (losses > this.#losses) this.#versions.clear();
    this.#versions.add(version);
    this.#losses = Math.max(losses, this.#losses);
    this.#atMs = performance.now();
  }

  knows(version: string): boolean {
    return this.#versions.has(version);
  }

  holds(losses: number): boolean {
    return losses <= this.#losses || performance.now() - this.#atMs < proofHoldsMs;
  }

  /** In the order in which they were found; none where the server does not say it. */
  get versions(): readonly string[] {
    return [...this.#versions].filter((version) => version !== "");
  }
}
