/** What a read must wait for, so that this process finds what it wrote without every read waiting for everybody's writes. */

/** As the server takes it: names, because the number of Strong is 0 and reads as "not given". */
export interface Consistency {
  readonly consistency_level: "Strong" | "Session" | "Bounded";
  readonly guarantee_timestamp?: string;
}

/** One for each collection of a store, shared by its handles. */
export class Freshness {
  #written = 0n;
  #visible = 0n;
  #first = true;
  #hasWritten = false;

  /** A write was acknowledged; a timestamp of 0 means that the server did not say when. */
  wrote(timestamp: bigint): void {
    this.#hasWritten = true;
    if (timestamp === 0n) this.#first = true;
    if (timestamp > this.#written) this.#written = timestamp;
  }

  /** The collection was loaded anew: what was visible before may be so again only after some seconds. */
  reloaded(): void {
    this.#first = true;
    this.#visible = 0n;
  }

  /** Whether this store has ever written to the collection. */
  get hasWritten(): boolean {
    return this.#hasWritten;
  }

  /** Sees every write of anybody that was acknowledged before; takes up to 200 ms. */
  get strong(): Consistency {
    return { consistency_level: "Strong" };
  }

  /** Sees this process' writes. The first read is strong, so that it sees what an earlier process wrote. */
  get own(): Consistency {
    if (this.#first) return this.strong;
    if (this.#written <= this.#visible) return { consistency_level: "Bounded" };
    return { consistency_level: "Session", guarantee_timestamp: String(this.#written) };
  }

  /** A read with this consistency was answered: what it waited for is visible from now on. */
  answered(consistency: Consistency): void {
    if (consistency.consistency_level === "Strong") this.#first = false;
    const seen = BigInt(consistency.guarantee_timestamp ?? 0);
    if (seen > this.#visible) this.#visible = seen;
  }
}
