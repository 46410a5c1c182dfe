/** The vectors of image contents that a run has embedded lately, or embeds at the moment. */

export interface RecentVectorsOptions {
  /** Maximum size of the vectors together, in bytes. The vector that was unused for the longest time is forgotten first. */
  readonly maxBytes: number;
}

/** Called once with the vector of a content, or with null if there is none. Later calls have no effect. */
export type SettleVector = (vector: Float32Array | null) => void;

export class RecentVectors {
  readonly #maxBytes: number;
  readonly #vectors = new Map<string, Float32Array>();
  readonly #begun = new Map<string, Promise<Float32Array | null>>();
  #bytes = 0;

  constructor({ maxBytes }: RecentVectorsOptions) {
    this.#maxBytes = maxBytes;
  }

  /** Returns the vector of the content. The promise is null if its embedding fails. undefined: the content is not known. */
  find(content: string): Float32Array | Promise<Float32Array | null> | undefined {
    const vector = this.#vectors.get(content);
    if (vector === undefined) return this.#begun.get(content);
    this.#vectors.delete(content);
    this.#vectors.set(content, vector);
    return vector;
  }

  /** Announces that the content is embedded now. */
  begin(content: string): SettleVector {
    let settle: SettleVector = () => undefined;
    const promise = new Promise<Float32Array | null>((fulfil) => {
      settle = fulfil;
    });
    this.#begun.set(content, promise);
    return (vector) => {
      if (this.#begun.get(content) === promise) this.#begun.delete(content);
      if (vector !== null) this.#keep(content, vector);
      settle(vector);
    };
  }

  #keep(content: string, vector: Float32Array): void {
    if (this.#vectors.has(content)) return;
    // A vector is often a part of the buffer of its batch, which would stay in memory with it.
    this.#vectors.set(content, vector.slice());
    this.#bytes += vector.byteLength;
    for (const [oldest, { byteLength }] of this.#vectors) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#vectors.delete(oldest);
      this.#bytes -= byteLength;
    }
  }
}
