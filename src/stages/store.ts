/** Writes rows to the collection. An item counts as stored when the store has confirmed the write of its row. */
import {
  type Collection,
  HeadraceError,
  type InsertResult,
  type Item,
  type Row,
  type RowBatch,
  type Sink,
  type SinkResult,
} from "../contracts/index.js";
import { writeAbsent } from "../kit/index.js";

export interface StoreOptions {
  /** Returns the current time in milliseconds since the epoch (UTC). */
  readonly now: () => number;
  /** Makes a real call to the store. If this call succeeds, the store is available, even if writes fail. */
  readonly check: (signal: AbortSignal) => Promise<void>;
  /** "keep": rows whose keys the collection has already are skipped. Default "replace". */
  readonly existing?: "replace" | "keep";
}

/** The run ends if this many writes in a row fail with the same message although the store answers `check`. The store is then not down. */
const maxSameFailures = 5;

export function storeSink(collection: Collection, { now, check, existing = "replace" }: StoreOptions): Sink {
  const failures = new SameFailures();
  return {
    name: "store",
    async process(items, signal) {
      const batch = inListedOrder(items);
      const rows = columns(batch, collection.dimension, now());
      const written = await (existing === "keep" ? insertAbsent(collection, rows, signal) : replace(collection, rows, signal)).catch(
        async (thrown: unknown) => {
          const error = HeadraceError.from(thrown);
          const isFatal = error.code === "unexpected" || (failures.add(error) >= maxSameFailures && (await answers(check, signal)));
          throw isFatal ? fatal(error, collection, batch, failures.count) : error;
        },
      );
      failures.reset();
      const byIndex = new Map(written.failures.map(({ index, error }) => [index, error]));
      const present = new Set(written.present);
      return batch.map(({ seq }, index): SinkResult => {
        if (present.has(index)) return { kind: "skip", seq, reason: "present" };
        const error = byIndex.get(index);
        return error === undefined ? { kind: "ok", seq } : { kind: "fail", seq, error };
      });
    },
  };
}

/** The first row with a metadata key decides its type. Lanes overtake one another, and the same images shall give the same type. */
function inListedOrder(items: readonly Item<Row>[]): readonly Item<Row>[] {
  return items.toSorted((a, b) => a.seq - b.seq);
}

async function replace(collection: Collection, rows: RowBatch, signal: AbortSignal): Promise<InsertResult> {
  return { failures: await collection.upsert(rows, signal), present: [] };
}

/** A store without such a call may replace a row that another process writes between the look and the write, some milliseconds. */
async function insertAbsent(collection: Collection, rows: RowBatch, signal: AbortSignal): Promise<InsertResult> {
  if (collection.insertAbsent !== undefined) return collection.insertAbsent(rows, signal);
  const present = new Set((await collection.get(rows.ids, { vectors: "omit", signal })).map(({ id }) => id));
  return writeAbsent(rows, present, (absent) => collection.upsert(absent, signal));
}

/** Counts consecutive `store_unavailable` errors with the same message. An error object that fails several batches counts once. */
class SameFailures {
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

/** Creates an error that ends the run. The cause is not in the rows, so every later batch would also fail. */
function fatal(error: HeadraceError, { name }: Collection, batch: readonly Item<Row>[], times: number): HeadraceError {
  const rows = `${batch.length} rows, the first from ${batch[0]?.facts.source ?? "none"}`;
  const repeated = error.code === "unexpected" ? "" : `, ${times} times in the same way, though the store answers`;
  return new HeadraceError(error.code, `write to collection ${name} failed${repeated}: ${rows}: ${error.message}`, {
    scope: "run",
    retryable: false,
    hint: `${error.code === "unexpected" ? error.hint : "See the store's own log."} Then run the same command again: stored images are skipped.`,
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
    ingestedAt: batch.map((item) => item.value.ingestedAt ?? item.facts.firstIngestedAt ?? now),
  };
}
