/** One LanceDB table as a collection: a handle for reading, or for reading and writing. */
import type { Table } from "@lancedb/lancedb";
import {
  type BuiltIndex,
  type Collection,
  type CollectionStats,
  type Filter,
  HeadraceError,
  type Hit,
  type InsertResult,
  type Key,
  type KnownRow,
  type Metric,
  type Passport,
  type RowBatch,
  type RowFailure,
  type RowPageOptions,
  type SearchOptions,
  type Selection,
  type StoredContent,
  type StoredRow,
  type UpkeepOptions,
} from "../../contracts/index.js";
import { checkAborted, isKeyOf } from "../../kit/index.js";
import { fromLanceError, isFileGone } from "./errors.js";
import type { LoadedRows } from "./newest-rows.js";
import { searchTable } from "./search.js";
import { compileFilter, keyIsAfter, keyIsOneOf } from "./table/filter-sql.js";
import { chunksOf, firstKeys, knownRows, rowsOfKeys, storedContents } from "./table/lookups.js";
import { markRead } from "./table/read-marks.js";
import { rowColumns, toRows } from "./table/rows.js";
import type { TableFacts } from "./table/table-schema.js";
import type { Vendor } from "./table/vendor.js";
import type { TableMemory } from "./table-memory.js";
import { indexableKeys, requestedColumns } from "./upkeep/scalar-indexes.js";
import { indexStates } from "./upkeep/table-state.js";
import { vectorIndexOf } from "./upkeep/vector-index.js";
import type { TableWriter } from "./writing/table-writer.js";
import type { WriterLease } from "./writing/writers.js";

const scanRows = 1000;

export interface LanceCollectionParts {
  readonly vendor: Vendor;
  readonly name: string;
  readonly table: Table;
  /** The folder of the table. */
  readonly folder: string;
  readonly facts: TableFacts;
  /** Shared by all handles of the table. */
  readonly memory: TableMemory;
  /** Null when the collection is open for reading. */
  readonly lease: WriterLease | null;
}

export class LanceCollection implements Collection {
  readonly name: string;
  readonly dimension: number;
  readonly metric: Metric;
  readonly idType: "text" | "int64";
  #isOpen = true;

  constructor(readonly parts: LanceCollectionParts) {
    this.name = parts.name;
    this.dimension = parts.facts.dimension;
    this.metric = parts.facts.metric;
    this.idType = parts.facts.idType;
  }

  get passport(): Passport | null {
    const { lease, facts } = this.parts;
    return lease === null ? facts.passport : lease.writer.passport;
  }

  isEmpty(signal: AbortSignal): Promise<boolean> {
    return this.#read("isEmpty", signal, async (table) => (await table.countRows()) === 0);
  }

  async setPassport(passport: Passport): Promise<void> {
    await this.#writer("setPassport").setPassport(passport);
  }

  async upsert(rows: RowBatch, signal: AbortSignal): Promise<readonly RowFailure[]> {
    return this.#writer("upsert").upsert(rows, signal);
  }

  insertAbsent(rows: RowBatch, signal: AbortSignal): Promise<InsertResult> {
    return this.#writer("insert").insertAbsent(rows, this.#keys(rows.ids), signal);
  }

  known(ids: readonly Key[], signal: AbortSignal, versions?: ReadonlyMap<Key, string>): Promise<ReadonlyMap<Key, KnownRow>> {
    const writer = this.parts.lease?.writer;
    writer?.lookedUp();
    return this.#read("known", signal, async (table) => {
      const keys = this.#keys(ids);
      if (writer === undefined) return knownRows(table, keys, signal);
      const { found, unsure } = await writer.marksOf(keys, versions);
      for (const [key, row] of await knownRows(table, unsure, signal)) found.set(key, row);
      return found;
    });
  }

  byContent(fingerprints: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, StoredContent>> {
    const writer = this.parts.lease?.writer;
    writer?.lookedUp();
    return this.#read("byContent", signal, async (table) => {
      const possible = (await writer?.possibleContents(fingerprints)) ?? fingerprints;
      return storedContents(table, possible, signal);
    });
  }

  search(queries: readonly Float32Array[], options: SearchOptions): Promise<readonly (readonly Hit[])[]> {
    const { folder, memory } = this.parts;
    return this.#read("search", options.signal, (table) => searchTable({ table, folder, memory }, queries, options));
  }

  get(
    ids: readonly Key[],
    { vectors, signal }: { readonly vectors: "include" | "omit"; readonly signal?: AbortSignal },
  ): Promise<readonly StoredRow[]> {
    const { memory, lease } = this.parts;
    return this.#read("get", signal, async (table) => {
      // The table of the writer may get a new version between two calls.
      const all = lease === null ? await memory.allRows(table, await table.version()) : null;
      if (all !== null) return rowsInMemory(all, this.#keys(ids), vectors);
      const { columns } = await memory.facts.of(table);
      const rows: StoredRow[] = [];
      for await (const batch of rowsOfKeys(table, this.#keys(ids), rowColumns(columns, vectors), signal))
        rows.push(...toRows(batch, columns));
      return rows;
    });
  }

  async delete(selection: Selection, signal: AbortSignal): Promise<number> {
    return this.#writer("delete").delete(
      (facts) => ("ids" in selection ? chunksOf(this.#keys(selection.ids)).map(keyIsOneOf) : [compileFilter(selection.filter, facts)]),
      signal,
    );
  }

  count(filter?: Filter): Promise<number> {
    return this.#read("count", undefined, async (table) =>
      table.countRows(filter === undefined ? undefined : compileFilter(filter, await this.parts.memory.facts.of(table))),
    );
  }

  /**
   * Reads the version of the table that is current when the scan begins, so concurrent writes do not change the result. A mark in the
   * table's folder keeps this version until the scan ends.
   */
  async *scan(options: {
    readonly filter?: Filter;
    readonly vectors: "include" | "omit";
    readonly batchRows?: number;
    readonly signal?: AbortSignal;
  }): AsyncIterable<readonly StoredRow[]> {
    const { filter, signal, batchRows = scanRows } = options;
    const { table, folder } = this.parts;
    this.#checkOpen("scan");
    checkAborted(signal, `collection ${this.name}: scan`);
    const unmark = await markRead(folder);
    try {
      await this.#seeLatest();
      const facts = await this.parts.memory.facts.of(table);
      const all = table.query().select(rowColumns(facts.columns, options.vectors));
      for await (const batch of filter === undefined ? all : all.where(compileFilter(filter, facts))) {
        for (let start = 0; start < batch.numRows; start += batchRows) {
          checkAborted(signal, `collection ${this.name}: scan`);
          yield toRows(batch.slice(start, start + batchRows), facts.columns);
        }
      }
    } catch (cause) {
      throw fromLanceError(`collection ${this.name}: scan`, cause);
    } finally {
      await unmark();
    }
  }

  /** Sorts the keys alone: vectors and metadata are read for the rows of the page only. */
  page({ after, limit, filter, vectors, signal }: RowPageOptions): Promise<readonly StoredRow[]> {
    return this.#read("page", signal, async (table) => {
      const facts = await this.parts.memory.facts.of(table);
      const bounds = [...(filter === undefined ? [] : [compileFilter(filter, facts)]), ...(after === null ? [] : [keyIsAfter(after)])];
      const keys = await firstKeys(table, bounds, limit);
      const rows: StoredRow[] = [];
      for await (const batch of rowsOfKeys(table, keys, rowColumns(facts.columns, vectors), signal))
        rows.push(...toRows(batch, facts.columns));
      const byKey = new Map(rows.map((row) => [row.id, row]));
      return keys.flatMap((key) => byKey.get(key) ?? []);
    });
  }

  stats(): Promise<CollectionStats> {
    return this.#read("stats", undefined, async (table) => {
      const facts = await this.parts.memory.factsWithPassport(table);
      const { dimension, metric, idType, passport } = facts;
      const [count, index, indexes] = await Promise.all([table.countRows(), vectorIndexOf(table), indexStates(table)]);
      const keys = { indexedKeys: requestedColumns(indexes), indexableKeys: indexableKeys(facts) };
      return { name: this.name, count, dimension, metric, idType, index, ...keys, passport };
    });
  }

  /** Does nothing, because every row is durable when `upsert` resolves. */
  async settle(signal: AbortSignal): Promise<void> {
    this.#writer("settle");
    checkAborted(signal, `collection ${this.name}: settle`);
  }

  async upkeep(extent: "owed" | "all", signal: AbortSignal, options: UpkeepOptions = {}): Promise<void> {
    await this.#writer("upkeep").upkeep(extent, signal, options);
  }

  async buildIndex(column: string, signal: AbortSignal, options: UpkeepOptions = {}): Promise<BuiltIndex> {
    return this.#writer("buildIndex").buildIndex(column, signal, options);
  }

  /**
   * Does not wait for an aborted call that LanceDB is still executing. In this case, the writer's lock is released when LanceDB finishes
   * the call, or when the process ends.
   */
  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    const { lease, table } = this.parts;
    if (lease === null) table.close();
    else await lease.release();
  }

  #keys(ids: readonly Key[]): readonly Key[] {
    return [...new Set(ids)].filter((id) => isKeyOf(id, this.idType));
  }

  async #read<T>(call: string, signal: AbortSignal | undefined, read: (table: Table) => Promise<T>): Promise<T> {
    this.#checkOpen(call);
    checkAborted(signal, `collection ${this.name}: ${call}`);
    const { table } = this.parts;
    try {
      await this.#seeLatest();
      return await read(table).catch(async (cause: unknown) => {
        if (!isFileGone(cause)) throw cause;
        // Upkeep has removed files that the read was using. The newest version of the table has the same rows.
        await this.#seeLatest();
        return read(table);
      });
    } catch (cause) {
      throw fromLanceError(`collection ${this.name}: ${call}`, cause);
    }
  }

  /** Rows of other handles and processes are visible from now on. The writer's table always looks for new versions by itself. */
  async #seeLatest(): Promise<void> {
    const { lease, table } = this.parts;
    if (lease === null) await table.checkoutLatest();
  }

  #writer(call: string): TableWriter {
    this.#checkOpen(call);
    const { lease } = this.parts;
    if (lease !== null) return lease.writer;
    throw new HeadraceError("usage_invalid", `collection ${this.name}: ${call}: expected write access, found read access`);
  }

  /** Throws if this handle was closed, even while other handles keep the table open. */
  #checkOpen(call: string): void {
    if (this.#isOpen) return;
    throw new HeadraceError("usage_invalid", `collection ${this.name}: ${call}: expected an open collection, found it closed`);
  }
}

function rowsInMemory({ byId }: LoadedRows, keys: readonly Key[], vectors: "include" | "omit"): readonly StoredRow[] {
  return keys.flatMap((key) => {
    const found = byId.get(key);
    return found === undefined ? [] : [vectors === "include" ? found.row : { ...found.row, vector: null }];
  });
}
