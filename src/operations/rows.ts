/** Whole rows as items: what copies, exports and imports begin with. */
import type { Item, Outcome, Row, RowSource, Source, StoredRow } from "../contracts/index.js";
import { mebibyte } from "../kit/index.js";

export interface RowsPlan {
  readonly origin: RowSource;
  /** The first so many rows only. Default: all. */
  readonly limit?: number;
  readonly settle?: (outcome: Outcome) => void | Promise<void>;
}

/** Bytes that a row holds beside its vector, about. */
const factsBytes = 1024;
/** Bytes of the rows that are read, looked up or written at once. */
const batchBytes = 8 * mebibyte;
const maxBatchRows = 1000;

/** Rows at once, so that wide vectors do not make batches large. */
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

/** The rows of a whole scan, or the first so many of it. */
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

function rowItem(seq: number, { id, vector, facts, ingestedAt }: StoredRow): Item<Row> {
  const held = vector ?? new Float32Array(0);
  return { seq, id, facts, bytes: held.byteLength + factsBytes, value: { vector: held, ingestedAt } };
}
