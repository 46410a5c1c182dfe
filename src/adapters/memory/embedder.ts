/** A fake embedder for tests: the vectors are a fixed function of the bytes. */
import type { Embedder, Feed, Slab, TensorSpec, Vectors } from "../../contracts/index.js";
import { checkAborted, rowBytes, SlabPool, takeBuffer } from "../../kit/index.js";

export interface MemoryEmbedderOptions {
  /** The tensor that the embedder takes. Default: uint8 NHWC, 8 × 8 pixels. */
  readonly input?: TensorSpec;
  /** Numbers per vector. Default 16. */
  readonly dimension?: number;
  /** Name of the model. Default: "memory" with the dimension. */
  readonly label?: string;
  /** Batch sizes and parallel batches. Default: preferred batch size 4, maximum batch size 32, two batches in parallel. */
  readonly feed?: Feed;
  /** Called once per batch. The vectors are made when its promise resolves. Tests use it to simulate slow devices and failures. */
  readonly work?: (rows: number, signal: AbortSignal) => Promise<void>;
}

export function memoryEmbedder(options: MemoryEmbedderOptions = {}): MemoryEmbedder {
  return new MemoryEmbedder(options);
}

/** Equal images give equal vectors in every batch, and different images give different vectors. */
export class MemoryEmbedder implements Embedder {
  readonly name = "memory";
  readonly input: TensorSpec;
  readonly dimension: number;
  readonly label: string;
  readonly feed: Feed;
  readonly #work: (rows: number, signal: AbortSignal) => Promise<void>;
  readonly #pool: SlabPool;
  #calls = 0;
  #rows = 0;

  constructor(options: MemoryEmbedderOptions) {
    this.input = options.input ?? { dtype: "uint8", layout: "NHWC", width: 8, height: 8 };
    this.dimension = options.dimension ?? 16;
    this.feed = options.feed ?? { preferredBatch: 4, maxBatch: 32, parallel: 2 };
    this.label = options.label ?? `memory, ${this.dimension} dimensions`;
    this.#work = options.work ?? (() => Promise.resolve());
    this.#pool = new SlabPool(rowBytes(this.input), this.feed.maxBatch, this.feed.parallel);
  }

  /** Number of calls of `embed`. A call whose signal has fired before the call does not count. */
  get calls(): number {
    return this.#calls;
  }

  /** Number of rows in the batches that `calls` counts. */
  get rows(): number {
    return this.#rows;
  }

  async check(signal: AbortSignal): Promise<void> {
    await this.embed(this.lease(1), signal);
  }

  lease(rows: number): Slab {
    return this.#pool.lease(rows);
  }

  async embed(slab: Slab, signal: AbortSignal): Promise<Vectors> {
    const { rows, bytes } = slab;
    const buffer = takeBuffer(slab);
    try {
      checkAborted(signal, "memory embedder: embedding");
      this.#calls += 1;
      this.#rows += rows;
      await this.#work(rows, signal);
      checkAborted(signal, "memory embedder: embedding");
      const values = new Float32Array(rows * this.dimension);
      for (let row = 0; row < rows; row += 1) {
        const vector = values.subarray(row * this.dimension, (row + 1) * this.dimension);
        fill(vector, bytes.subarray(row * slab.rowBytes, (row + 1) * slab.rowBytes));
      }
      return { dimension: this.dimension, values };
    } finally {
      this.#pool.giveBack(buffer);
    }
  }
}

/** Fills the vector with numbers from −1 to 1. They are computed from an FNV-1a hash of the bytes, which is mixed for each number. */
function fill(vector: Float32Array, bytes: Uint8Array): void {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  for (let i = 0; i < vector.length; i += 1) {
    hash = Math.imul(hash ^ (hash >>> 15) ^ i, 0x85ebca6b);
    vector[i] = ((hash >>> 8) + 0.5) / 2 ** 23 - 1;
  }
}
