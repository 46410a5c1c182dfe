/** Writes rows into the collection; an item is done when the store has acknowledged its row. */
import type { Collection, Item, Row, RowBatch, Sink, SinkResult } from "../contracts/index.js";

export interface StoreOptions {
  /** Milliseconds since the epoch, UTC. */
  readonly now: () => number;
  /** Writes at once, as the store allows. */
  readonly maxConcurrency: number;
}

export function storeSink(collection: Collection, { now, maxConcurrency }: StoreOptions): Sink {
  return {
    name: "store",
    maxConcurrency,
    async process(batch, signal) {
      const refused = await collection.upsert(columns(batch, collection.dimension, now()), signal);
      const failures = new Map(refused.map(({ index, error }) => [index, error]));
      return batch.map(({ seq }, index): SinkResult => {
        const error = failures.get(index);
        return error === undefined ? { kind: "ok", seq } : { kind: "fail", seq, error };
      });
    },
  };
}

function columns(batch: readonly Item<Row>[], dimension: number, now: number): RowBatch {
  const vectors = new Float32Array(batch.length * dimension);
  batch.forEach((item, row) => {
    vectors.set(item.value.vector, row * dimension);
  });
  return {
    ids: batch.map((item) => item.id),
    vectors,
    dimension,
    facts: batch.map((item) => item.facts),
    ingestedAt: batch.map((item) => item.value.ingestedAt ?? now),
  };
}
