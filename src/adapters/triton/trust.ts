/** Records which model versions of one server are proven to be the run's model, and over which connections. */

/** A restarted server needs longer than this to load its model, so a proof this recent remains valid. */
const proofHoldsMs = 250;

export class Trust {
  readonly #versions = new Set<string>();
  #losses = -1;
  #atMs = Number.NEGATIVE_INFINITY;

  /** `losses`: number of lost connections when the proof was requested. */
  record(version: string, losses: number): void {
    // A new connection may lead to another server, whose versions are not proven yet.
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

  /** The proven versions, in order of proof. Empty: the server does not report versions. */
  get versions(): readonly string[] {
    return [...this.#versions].filter((version) => version !== "");
  }
}
