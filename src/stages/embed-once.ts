/** Embeds images with equal bytes once. The copies get the same vector. */
import type { Item, Result, Row, Stage, Tensor } from "../contracts/index.js";
import { advance, metadataBytes } from "../kit/index.js";

export interface EmbedOnceOptions {
  /** Maximum memory of the remembered vectors, in bytes. The vectors that were unused for the longest time are forgotten first. */
  readonly maxBytes: number;
}

/** `stage` embeds the images that are no copies. A copy of an image whose vector is forgotten is embedded again. */
export function embedOnceStage(stage: Stage<Tensor, Row>, options: EmbedOnceOptions): Stage<Tensor, Row> {
  const recent = new RecentVectors(options);
  return {
    ...stage,
    async process(batch, signal) {
      const shared = new SharedBatch(recent);
      try {
        await shared.divide(batch);
        // One call for all images: if it throws, no image has released its memory yet, so the batch can be tried again.
        const results = shared.firsts.length === 0 ? [] : await stage.process(shared.firsts, signal);
        return [...results, ...shared.copies(results)];
      } finally {
        shared.giveUp();
      }
    },
  };
}

/** Divides a batch into images to embed and copies. */
class SharedBatch {
  readonly firsts: Item<Tensor>[] = [];
  readonly #own = new Map<string, SettleVector>();
  readonly #ownCopies: Item<Tensor>[] = [];
  readonly #otherCopies: { readonly item: Item<Tensor>; readonly vector: Float32Array }[] = [];

  constructor(readonly recent: RecentVectors) {}

  /**
   * Waits for other batches that embed the same images. These batches have begun before this one, so two batches never wait for each other.
   */
  async divide(batch: readonly Item<Tensor>[]): Promise<void> {
    const elsewhere = batch.flatMap((item) => {
      const vector = this.#own.has(item.facts.content) ? undefined : this.recent.find(item.facts.content);
      if (vector !== undefined) return [{ item, vector }];
      this.#add(item);
      return [];
    });
    for (const { item, vector } of elsewhere) {
      const found = await vector;
      if (found === null) this.#add(item);
      else this.#otherCopies.push({ item, vector: found });
    }
  }

  /** Returns the results of the copies. `results`: those of `firsts`. A copy of an image that failed, fails too. */
  copies(results: readonly Result<Row>[]): readonly Result<Row>[] {
    const contents = new Map(this.firsts.map(({ seq, facts }) => [seq, facts.content]));
    const ended = new Map(results.map((result) => [contents.get("item" in result ? result.item.seq : result.seq), result]));
    for (const [content, result] of ended) {
      if (result.kind === "ok" && content !== undefined) this.#own.get(content)?.(result.item.value.vector);
    }
    return [
      ...this.#otherCopies.map(({ item, vector }) => copyOf(item, vector)),
      ...this.#ownCopies.flatMap((item) => likeFirst(item, ended.get(item.facts.content))),
    ];
  }

  /** Tells other batches not to wait for images that have no vector now. */
  giveUp(): void {
    for (const settle of this.#own.values()) settle(null);
  }

  #add(item: Item<Tensor>): void {
    const { content } = item.facts;
    if (this.#own.has(content)) {
      this.#ownCopies.push(item);
      return;
    }
    this.firsts.push(item);
    if (content !== "") this.#own.set(content, this.recent.begin(content));
  }
}

function likeFirst(item: Item<Tensor>, first: Result<Row> | undefined): Result<Row> | readonly [] {
  if (first === undefined) return [];
  if ("item" in first) return copyOf(item, first.item.value.vector);
  item.value.release?.();
  return { ...first, seq: item.seq };
}

function copyOf(item: Item<Tensor>, vector: Float32Array): Result<Row> {
  item.value.release?.();
  return { kind: "bypass", item: advance(item, { vector }, vector.byteLength + metadataBytes(item.facts.metadata)) };
}

/** A batch has about this many vectors, in one buffer. */
const batchVectors = 64;

/** Memory of an entry besides the numbers of its vector: measured with vectors of 16 numbers. */
const entryBytes = 400;

/** Called once with the vector of a content, or with null if there is none. Later calls have no effect. */
type SettleVector = (vector: Float32Array | null) => void;

/**
 * The vectors of contents that the run has embedded lately, or embeds at the moment. There are two generations: when the younger one is full,
 * it becomes the older one, whose vectors are forgotten. A vector that is found in the older generation moves to the younger one. A single Map
 * whose oldest entry is deleted is slow: it looks at all places of deleted entries to find the oldest.
 */
class RecentVectors {
  readonly #maxBytes: number;
  readonly #begun = new Map<string, Promise<Float32Array | null>>();
  #younger = new Map<string, Float32Array>();
  #older: ReadonlyMap<string, Float32Array> = new Map();
  #youngerBytes = 0;

  constructor({ maxBytes }: EmbedOnceOptions) {
    this.#maxBytes = maxBytes;
  }

  /** Returns the vector of the content. The promise is null if its embedding fails. undefined: the content is not known. */
  find(content: string): Float32Array | Promise<Float32Array | null> | undefined {
    const young = this.#younger.get(content);
    if (young !== undefined) return young;
    const old = this.#older.get(content);
    if (old === undefined) return this.#begun.get(content);
    const own = old.slice();
    this.#keep(content, own);
    return own;
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
      if (vector !== null && !this.#younger.has(content)) this.#keep(content, isPartOfMuch(vector) ? vector.slice() : vector);
      settle(vector);
    };
  }

  #keep(content: string, vector: Float32Array): void {
    const bytes = vector.byteLength + entryBytes;
    if (this.#youngerBytes + bytes > this.#maxBytes / 2) {
      this.#older = this.#younger;
      this.#younger = new Map();
      this.#youngerBytes = 0;
    }
    this.#younger.set(content, vector);
    this.#youngerBytes += bytes;
  }
}

/** A buffer stays in memory with each of its vectors. That of a batch has no other content, and its vectors are forgotten together. */
function isPartOfMuch({ buffer, byteLength }: Float32Array): boolean {
  return buffer.byteLength > batchVectors * byteLength;
}
