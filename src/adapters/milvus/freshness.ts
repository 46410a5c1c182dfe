/** Chooses the consistency level of reads. A process always sees its own writes. It waits for the writes of others only when it must. */

/** Uses names because the number of Strong is 0, which the SDK reads as "not given". */
export interface Consistency {
  readonly consistency_level: "Strong" | "Session" | "Bounded";
  readonly guarantee_timestamp?: string;
}

/** A store has one per collection, shared by the collection's handles. */
export class Freshness {
  #written = 0n;
  #visible = 0n;
  #first = true;
  /** Whether this store has ever written to the collection. */
  hasWritten = false;

  /** Records an acknowledged write. Timestamp 0: the server did not report one, so the next read is strong. */
  wrote(timestamp: bigint): void {
    this.hasWritten = true;
    if (timestamp === 0n) this.#first = true;
    if (timestamp > this.#written) this.#written = timestamp;
  }

  /** After a reload, rows that were visible before may be missing for some seconds. */
  reloaded(): void {
    this.#first = true;
    this.#visible = 0n;
  }

  /** Sees every acknowledged write of every process. Takes up to 200 ms. */
  get strong(): Consistency {
    return { consistency_level: "Strong" };
  }

  /** Sees the writes of this process. The first read is strong, to see the writes of earlier processes. */
  get own(): Consistency {
    if (this.#first) return this.strong;
    if (this.#written <= this.#visible) return { consistency_level: "Bounded" };
    return { consistency_level: "Session", guarantee_timestamp: String(this.#written) };
  }

  /** Records that a read was answered: later reads need not wait for the same writes. */
  answered(consistency: Consistency): void {
    if (consistency.consistency_level === "Strong") this.#first = false;
    const seen = BigInt(consistency.guarantee_timestamp ?? 0);
    if (seen > this.#visible) this.#visible = seen;
  }
}
