/**
 * Records which model versions on one server are proven to be the run's model. A version is proven when its vector of the probe image
 * equals that of the reference server. A lost connection makes a new proof necessary.
 */

/** A proof stays valid for this time even if a connection is lost. A server that is killed and starts again needs longer: at least 0.2 s. */
const proofHoldsMs = 50;

export class Trust {
  readonly #versions = new Set<string>();
  #losses = -1;
  #atMs = Number.NEGATIVE_INFINITY;

  /** Records that `version` is proven. `losses`: how many connections had been lost when the probe image was sent. */
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

  /** The proven versions, in the order of their proofs. Empty: the server does not report versions. */
  get versions(): readonly string[] {
    return [...this.#versions].filter((version) => version !== "");
  }
}
