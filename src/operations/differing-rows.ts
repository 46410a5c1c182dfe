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

interface OnlyInOptions {
  readonly signal: AbortSignal;
  readonly filter?: Filter;
  /** Gets the rows that both have. */
  readonly onCommon?: (id: Key) => void;
}

/** Streams, page by page, the rows of `one` that `other` does not have. Empty pages are left out. */
export async function* rowsOnlyIn(
  one: Scanned,
  other: Pick<Collection, "known" | "get">,
  { signal, filter, onCommon = () => undefined }: OnlyInOptions,
): AsyncGenerator<readonly StoredRow[]> {
  const pages = one.scan({ vectors: "omit", batchRows: batchRows(one.dimension), signal, ...(filter === undefined ? {} : { filter }) });
  for await (const rows of pages) {
    const known = await other.known(
      rows.map(({ id }) => id),
      signal,
    );
    const absent = rows.filter(({ id }) => !known.has(id)).map(({ id }) => id);
    // `known` may not see what other processes wrote in the last seconds. `get` does.
    const late = absent.length === 0 ? [] : await other.get(absent, { vectors: "omit", signal });
    const lacking = new Set(absent);
    for (const { id } of late) lacking.delete(id);
    for (const { id } of rows) if (!lacking.has(id)) onCommon(id);
    if (lacking.size > 0) yield rows.filter(({ id }) => lacking.has(id));
  }
}

/** What the deletion of other rows has done, as numbers of rows. */
export interface OthersDeleted {
  deleted: number;
  /** Rows that only the target has, and that stay. */
  kept: number;
}

/** Deletes the rows of the target that the origin does not have, unless `keeps` says that they stay. */
export async function deleteOthers(
  origin: Pick<Collection, "known" | "get">,
  target: Scanned,
  {
    signal,
    onCommon,
    keeps,
    remove,
  }: {
    readonly signal: AbortSignal;
    readonly onCommon: (id: Key) => void;
    readonly keeps: (row: StoredRow) => boolean;
    /** Deletes rows of the target, and returns their number. */
    readonly remove: (ids: readonly Key[]) => Promise<number>;
  },
): Promise<OthersDeleted> {
  const done: OthersDeleted = { deleted: 0, kept: 0 };
  for await (const rows of rowsOnlyIn(target, origin, { signal, onCommon })) {
    const gone = rows.filter((row) => !keeps(row)).map(({ id }) => id);
    done.kept += rows.length - gone.length;
    if (gone.length > 0) done.deleted += await remove(gone);
  }
  return done;
}

function hashOf({ id, facts }: Pick<StoredRow, "id" | "facts">) {
  return hashOfText(`${id}\n${facts.version}\n${facts.metadataHash}\n${facts.content}`);
}
