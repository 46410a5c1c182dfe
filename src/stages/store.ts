/** Writes rows into the collection; an item is done when the store has acknowledged its row. */
import { type Collection, HeadraceError, type Item, type Row, type RowBatch, type Sink, type SinkResult } from "../contracts/index.js";

export interface StoreOptions {
  /** Milliseconds since the epoch, UTC. */
  readonly now: () => number;
  /** Writes at once, as the store allows. */
  readonly maxConcurrency: number;
  /** Asks the store for a real answer: a store that gives one is not away, whatever its writes say. */
  readonly check: (signal: AbortSignal) => Promise<void>;
}

/** A service that is away fails in several ways and not for long; one that fails so often in one way and answers is not away. */
const maxAlike = 5;

export function storeSink(collection: Collection, { now, maxConcurrency, check }: StoreOptions): Sink {
  const failures = new AlikeFailures();
  return {
    name: "store",
    maxConcurrency,
    async process(batch, signal) {
      const refused = await collection.upsert(columns(batch, collection.dimension, now()), signal).catch(async (thrown: unknown) => {
        const error = HeadraceError.from(thrown);
        const isHopeless = error.code === "unexpected" || (failures.add(error) >= maxAlike && (await answers(check, signal)));
        throw isHopeless ? fatal(error, collection, batch, failures.count) : error;
      });
      failures.reset();
      const byIndex = new Map(refused.map(({ index, error }) => [index, error]));
      return batch.map(({ seq }, index): SinkResult => {
        const error = byIndex.get(index);
        return error === undefined ? { kind: "ok", seq } : { kind: "fail", seq, error };
      });
    },
  };
}

/** Counts how often the store was unavailable in the same words, without a success in between. Batches may share one failure. */
class AlikeFailures {
  #last: HeadraceError | null = null;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(error: HeadraceError): number {
    if (error === this.#last) return this.#count;
    if (error.code !== "store_unavailable") this.reset();
    else [this.#last, this.#count] = [error, error.message === this.#last?.message ? this.#count + 1 : 1];
    return this.#count;
  }

  reset(): void {
    [this.#last, this.#count] = [null, 0];
  }
}

async function answers(check: StoreOptions["check"], signal: AbortSignal): Promise<boolean> {
  try {
    await check(signal);
    return true;
  } catch {
    return false;
  }
}

/** An error that no row is to blame for: the run ends instead of writing off one batch after the other. */
function fatal(error: HeadraceError, { name }: Collection, batch: readonly Item<Row>[], times: number): HeadraceError {
  const rows = `${batch.length} rows from ${batch[0]?.facts.source ?? "none"} on`;
  const found = error.code === "unexpected" ? "" : `, ${times} times in the same way, though the store answers`;
  return new HeadraceError(error.code, `Writing into collection ${name} failed${found}: ${rows}: ${error.message}`, {
    scope: "run",
    retryable: false,
    hint: `${error.code === "unexpected" ? error.hint : "See what the store's own log says of it."} Then run the same command again: what is stored is skipped.`,
    item: name,
    cause: error,
  });
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
