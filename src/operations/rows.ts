/** The source for copies, exports and imports. Each item is a stored row. */
import type { Collection, Filter, Item, Outcome, Row, RowSource, Source, StoredRow } from "../contracts/index.js";
import { mebibyte, metadataBytes } from "../kit/index.js";

export interface RowsPlan {
  readonly origin: RowSource;
  /** Maximum number of rows, counted from the first. Default: all rows. */
  readonly limit?: number;
  readonly settle?: (outcome: Outcome) => void | Promise<void>;
}

/** Estimated number of bytes of a row without its vector. */
const factsBytes = 1024;
/** Target size in bytes of a batch that is read, looked up or written. */
const batchBytes = 8 * mebibyte;
const maxBatchRows = 1000;

/** Number of rows per batch. Longer vectors give fewer rows per batch, so that a batch's memory stays bounded. */
export function batchRows(dimension: number): number {
  return Math.max(1, Math.min(maxBatchRows, Math.floor(batchBytes / (dimension * Float32Array.BYTES_PER_ELEMENT + factsBytes))));
}

export function rowSource({ origin, limit, settle }: RowsPlan): Source<Row> {
  return {
    name: "read",
    ...(settle === undefined ? {} : { settle }),
    async *read(stop) {
      let seq = 0;
      for await (const rows of firstRows(origin, "include", limit)) {
        for (const row of rows) yield rowItem(seq++, row);
        if (stop.aborted) return;
      }
    },
  };
}

/** Scans all rows, or the first `limit` rows. */
export async function* firstRows(
  origin: RowSource,
  vectors: "include" | "omit",
  limit = Number.POSITIVE_INFINITY,
): AsyncGenerator<readonly StoredRow[]> {
  let left = limit;
  for await (const rows of origin.scan({ vectors, batchRows: batchRows(origin.dimension) })) {
    yield rows.length > left ? rows.slice(0, left) : rows;
    left -= rows.length;
    if (left <= 0) return;
  }
}

/** The rows of a collection that match a filter, as a source of rows. Default: all rows. */
export function filteredRows(collection: Collection, filter: Filter | undefined): RowSource {
  const { name, dimension, metric, idType, passport } = collection;
  return {
    name,
    dimension,
    metric,
    idType,
    passport,
    count: () => collection.count(filter),
    scan: (options) => collection.scan({ ...options, ...(filter === undefined ? {} : { filter }) }),
    close: () => collection.close(),
  };
}

function rowItem(seq: number, { id, vector, facts, ingestedAt }: StoredRow): Item<Row> {
  const held = vector ?? new Float32Array(0);
  return { seq, id, facts, bytes: held.byteLength + factsBytes + metadataBytes(facts.metadata), value: { vector: held, ingestedAt } };
}
