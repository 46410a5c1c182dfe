/**
 * Chooses the consistency level of reads. A process always sees its own writes. A read waits for the writes of other processes only when
 * necessary.
 */

/** The consistency level is a name, because Milvus' number for Strong is 0, which the SDK reads as "not given". */
export interface Consistency {
  readonly consistency_level: "Strong" | "Session" | "Bounded";
  readonly guarantee_timestamp?: string;
}

/** A store has one `Freshness` per collection. All objects that opened the same collection share the collection's `Freshness`. */
export class Freshness {
  #written = 0n;
  #visible = 0n;
  #first = true;
  /** Whether this store has ever written to the collection. */
  hasWritten = false;

  /** Records an acknowledged write. Timestamp 0: the server reported no timestamp, so the next read is strong. */
  wrote(timestamp: bigint): void {
    this.hasWritten = true;
    if (timestamp === 0n) this.#first = true;
    if (timestamp > this.#written) this.#written = timestamp;
  }

  /**
   * Called when the collection was loaded again: rows that were visible before may then be missing for some seconds. The next read is
   * strong.
   */
  reloaded(): void {
    this.#first = true;
    this.#visible = 0n;
  }

  /** For reads that must see every acknowledged write of every process. Such a read takes up to 200 ms. */
  get strong(): Consistency {
    return { consistency_level: "Strong" };
  }

  /** For reads that must see the writes of this process. The first read is strong, to see the writes of earlier processes too. */
  get own(): Consistency {
    if (this.#first) return this.strong;
    if (this.#written <= this.#visible) return { consistency_level: "Bounded" };
    return { consistency_level: "Session", guarantee_timestamp: String(this.#written) };
  }

  /**
   * For all pages of one scan: each page sees every write that was acknowledged before the moment, and the writes of this process. Null: the
   * moment is not known, so the page is strong.
   */
  since(moment: bigint | null): Consistency {
    if (this.#first || moment === null) return this.strong;
    const timestamp = moment > this.#written ? moment : this.#written;
    return { consistency_level: "Session", guarantee_timestamp: String(timestamp) };
  }

  /** Called when the server has answered a read. The server has then seen all writes that this read waited for, so later reads do not wait for them. */
  answered(consistency: Consistency): void {
    if (consistency.consistency_level === "Strong") this.#first = false;
    const seen = BigInt(consistency.guarantee_timestamp ?? 0);
    if (seen > this.#visible) this.#visible = seen;
  }
}
