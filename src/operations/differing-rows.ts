/** Compares two collections row by row, in pages, so that one can follow the other. */
import type { Collection, Filter, Key, StoredRow } from "../contracts/index.js";
import { HashTable, hashOfText } from "../kit/index.js";
import { knownRowsOf } from "../stages/index.js";
import { batchRows } from "./rows.js";

type Scanned = Pick<Collection, "scan" | "dimension">;

/** What a comparison has found so far, as numbers of rows. */
export interface RowsCompared {
  /** Rows of the origin. */
  rows: number;
  /** Rows of the origin that the target has with the same version and metadata. */
  same: number;
  /** Rows of the origin that were tried before with the same version and metadata, and that the target does not have. */
  missing: number;
}

/** Remembers rows with their version and metadata. Needs 11 to 16 bytes of memory per row. */
export class TriedRows {
  readonly #hashes = new HashTable({ values: 0 });

  add(row: Pick<StoredRow, "id" | "facts">): void {
    this.#hashes.first(hashOf(row), []);
  }

  has(row: Pick<StoredRow, "id" | "facts">): boolean {
    return this.#hashes.get(hashOf(row)) !== null;
  }
}

/** Streams the rows of the origin that the target does not have, or has with another version or metadata. Counts in `counts`. */
export async function* differingRows(
  origin: Scanned,
  target: Collection,
  {
    isTried,
    onRow,
    counts,
    filter,
    signal,
  }: {
    /** Rows that are not compared again. */
    readonly isTried: (row: StoredRow) => boolean;
    /** Called for each row of the origin. */
    readonly onRow?: (row: StoredRow) => void;
    readonly counts: RowsCompared;
    readonly filter?: Filter;
    readonly signal: AbortSignal;
  },
): AsyncGenerator<StoredRow> {
  const pages = origin.scan({
    vectors: "omit",
    batchRows: batchRows(origin.dimension),
    signal,
    ...(filter === undefined ? {} : { filter }),
  });
  for await (const rows of pages) {
    const same = await knownRowsOf(target, rows, signal);
    counts.rows += rows.length;
    counts.same += same.size;
    const differing = rows.filter(({ id }) => !same.has(id));
    const again = differing.filter(isTried).map(({ id }) => id);
    if (again.length > 0) counts.missing += again.length - (await target.known(again, signal)).size;
    const skipped = new Set(again);
    if (onRow !== undefined) rows.forEach(onRow);
    for (const row of differing) if (!skipped.has(row.id)) yield row;
  }
}

/** Deletes the rows of the target that the origin does not have. `onRow` gets the rows that stay. Returns the number of deleted rows. */
export async function deleteOthers(
  origin: Pick<Collection, "known">,
  target: Collection,
  { signal, onRow }: { readonly signal: AbortSignal; readonly onRow: (id: Key) => void },
): Promise<number> {
  let deleted = 0;
  for await (const rows of target.scan({ vectors: "omit", batchRows: batchRows(target.dimension), signal })) {
    const ids = rows.map(({ id }) => id);
    const known = await origin.known(ids, signal);
    const gone = ids.filter((id) => !known.has(id));
    for (const id of ids) if (known.has(id)) onRow(id);
    if (gone.length > 0) deleted += await target.delete({ ids: gone }, signal);
  }
  return deleted;
}

function hashOf({ id, facts }: Pick<StoredRow, "id" | "facts">) {
  return hashOfText(`${id}\n${facts.version}\n${facts.metadataHash}\n${facts.content}`);
}
