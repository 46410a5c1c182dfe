/** One LanceDB table as a collection. */
import type { Table } from "@lancedb/lancedb";
import type { RecordBatch } from "apache-arrow";
import {
  type Collection,
  type CollectionStats,
  type Filter,
  HeadraceError,
  type Hit,
  type Key,
  type KnownRow,
  type Metric,
  type Passport,
  type RowBatch,
  type RowFailure,
  type SearchOptions,
  type Selection,
  type StoredContent,
  type StoredRow,
} from "../../contracts/index.js";
import { checkAborted, isKeyOf, planUpsert } from "../../kit/index.js";
import { fromLanceError } from "./errors.js";
import { anyTextOf, compileFilter, keyIsOneOf } from "./filter-sql.js";
import { rowColumns, toArrow, toRows, vectorAt } from "./rows.js";
import { searchTable } from "./search.js";
import { newColumns, passportKey, type TableFacts, tableFacts } from "./table-schema.js";
import { Turns } from "./turns.js";
import { buildIndexes, keepVersionsMs, TidySchedule, tidy, vectorIndexOf } from "./upkeep.js";
import type { Vendor } from "./vendor.js";
import type { WriterLock } from "./writer-lock.js";

/** Values of one `in (…)`. */
const lookupRows = 1000;
const scanRows = 1000;

export interface LanceCollectionParts {
  readonly vendor: Vendor;
  readonly name: string;
  readonly table: Table;
  readonly facts: TableFacts;
  /** Null when opened for reading. */
  readonly lock: WriterLock | null;
}

export class LanceCollection implements Collection {
  readonly name: string;
  readonly dimension: number;
  readonly metric: Metric;
  readonly idType: "text" | "int64";
  #passport: Passport | null;
  readonly #turns = new Turns();
  readonly #schedule = new TidySchedule();

  constructor(readonly parts: LanceCollectionParts) {
    this.name = parts.name;
    this.dimension = parts.facts.dimension;
    this.metric = parts.facts.metric;
    this.idType = parts.facts.idType;
    this.#passport = parts.facts.passport;
  }

  get passport(): Passport | null {
    return this.#passport;
  }

  isEmpty(signal: AbortSignal): Promise<boolean> {
    return this.#read("isEmpty", signal, async (table) => (await table.countRows()) === 0);
  }

  setPassport(passport: Passport): Promise<void> {
    return this.#write("setPassport", undefined, async (table) => {
      await table.updateFieldMetadata([{ path: "vector", metadata: { [passportKey]: JSON.stringify(passport) } }]);
      this.#passport = structuredClone(passport);
    });
  }

  upsert(rows: RowBatch, signal: AbortSignal): Promise<readonly RowFailure[]> {
    return this.#write("upsert", signal, async (table) => {
      const facts = await this.#facts(table);
      const plan = planUpsert(rows, facts);
      if (plan.newColumns.size > 0) await table.addColumns(newColumns(plan.newColumns));
      if (plan.accepted.length > 0) {
        const data = toArrow(this.parts.vendor, await table.schema(), rows, plan.accepted);
        await table.mergeInsert("id").whenMatchedUpdateAll().whenNotMatchedInsertAll().execute(data);
        if (this.#schedule.wrote()) await tidy(table, keepVersionsMs);
      }
      return plan.failures;
    });
  }

  known(ids: readonly Key[], signal: AbortSignal): Promise<ReadonlyMap<Key, KnownRow>> {
    return this.#read("known", signal, async (table) => {
      const found = new Map<Key, KnownRow>();
      for await (const batch of this.#byKeys(table, ids, ["id", "version", "metadata_hash"], signal)) {
        const [id, version, hash] = [batch.getChild("id")!, batch.getChild("version")!, batch.getChild("metadata_hash")!];
        for (let row = 0; row < batch.numRows; row += 1) {
          found.set(id.get(row) as Key, { version: String(version.get(row)), metadataHash: String(hash.get(row)) });
        }
      }
      return found;
    });
  }

  byContent(fingerprints: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, StoredContent>> {
    return this.#read("byContent", signal, async (table) => {
      const found = new Map<string, StoredContent>();
      const asked = [...new Set(fingerprints)].filter((fingerprint) => fingerprint !== "");
      for (const part of chunks(asked)) {
        checkAborted(signal, `collection ${this.name}: byContent`);
        for await (const batch of table.query().select(["content", "vector", "width", "height"]).where(anyTextOf("content", part))) {
          const [content, vector, width, height] = ["content", "vector", "width", "height"].map((name) => batch.getChild(name)!);
          for (let row = 0; row < batch.numRows; row += 1) {
            found.set(String(content!.get(row)), {
              vector: vectorAt(vector!, row),
              width: Number(width!.get(row)),
              height: Number(height!.get(row)),
            });
          }
        }
      }
      return found;
    });
  }

  search(queries: readonly Float32Array[], options: SearchOptions): Promise<readonly (readonly Hit[])[]> {
    return this.#read("search", options.signal, async (table) => searchTable(table, await this.#facts(table), queries, options));
  }

  get(
    ids: readonly Key[],
    { vectors, signal }: { readonly vectors: "include" | "omit"; readonly signal?: AbortSignal },
  ): Promise<readonly StoredRow[]> {
    return this.#read("get", signal, async (table) => {
      const { columns } = await this.#facts(table);
      const rows: StoredRow[] = [];
      for await (const batch of this.#byKeys(table, ids, rowColumns(columns, vectors), signal)) rows.push(...toRows(batch, columns));
      return rows;
    });
  }

  delete(selection: Selection, signal: AbortSignal): Promise<number> {
    return this.#write("delete", signal, async (table) => {
      const facts = await this.#facts(table);
      const predicates = "ids" in selection ? chunks(this.#keys(selection.ids)).map(keyIsOneOf) : [compileFilter(selection.filter, facts)];
      let deleted = 0;
      for (const predicate of predicates) {
        checkAborted(signal, `collection ${this.name}: delete`);
        const rows = await table.countRows(predicate);
        if (rows > 0) await table.delete(predicate);
        deleted += rows;
      }
      if (deleted > 0 && this.#schedule.wrote()) await tidy(table, keepVersionsMs);
      return deleted;
    });
  }

  count(filter?: Filter): Promise<number> {
    return this.#read("count", undefined, async (table) =>
      table.countRows(filter === undefined ? undefined : compileFilter(filter, await this.#facts(table))),
    );
  }

  /** Reads one version of the table, whatever is written meanwhile; for longer than 10 minutes only while nobody tidies. */
  async *scan(options: {
    readonly filter?: Filter;
    readonly vectors: "include" | "omit";
    readonly batchRows?: number;
    readonly signal?: AbortSignal;
  }): AsyncIterable<readonly StoredRow[]> {
    const { filter, signal, batchRows = scanRows } = options;
    const { table } = this.parts;
    try {
      checkAborted(signal, `collection ${this.name}: scan`);
      const facts = await this.#facts(table);
      const all = table.query().select(rowColumns(facts.columns, options.vectors));
      for await (const batch of filter === undefined ? all : all.where(compileFilter(filter, facts))) {
        for (let start = 0; start < batch.numRows; start += batchRows) {
          checkAborted(signal, `collection ${this.name}: scan`);
          yield toRows(batch.slice(start, start + batchRows), facts.columns);
        }
      }
    } catch (cause) {
      throw fromLanceError(`collection ${this.name}: scan`, cause);
    }
  }

  stats(): Promise<CollectionStats> {
    return this.#read("stats", undefined, async (table) => {
      const { dimension, metric, idType, passport } = await this.#facts(table);
      return { name: this.name, count: await table.countRows(), dimension, metric, idType, index: await vectorIndexOf(table), passport };
    });
  }

  /** Every row is durable when `upsert` resolves. */
  settle(signal: AbortSignal): Promise<void> {
    return this.#write("settle", signal, async () => undefined);
  }

  upkeep(extent: "owed" | "all", signal: AbortSignal): Promise<void> {
    return this.#write("upkeep", signal, async (table) => {
      if (extent === "all" || this.#schedule.writes > 0) await tidy(table, keepVersionsMs);
      await buildIndexes(this.parts.vendor, table, await this.#facts(table), async () => {
        checkAborted(signal, `collection ${this.name}: upkeep`);
        await this.parts.lock?.verify();
      });
    });
  }

  /** Gives back at once what `upkeep` keeps for running readers: a scan that began before fails. */
  compact(signal: AbortSignal): Promise<void> {
    return this.#write("compact", signal, (table) => tidy(table, 0));
  }

  async close(): Promise<void> {
    await this.#turns.run(async () => {
      this.parts.table.close();
      await this.parts.lock?.release();
    });
  }

  async #facts(table: Table): Promise<TableFacts> {
    return tableFacts(this.parts.vendor, this.name, await table.schema());
  }

  #keys(ids: readonly Key[]): readonly Key[] {
    return [...new Set(ids)].filter((id) => isKeyOf(id, this.idType));
  }

  async *#byKeys(table: Table, ids: readonly Key[], columns: string[], signal: AbortSignal | undefined): AsyncIterable<RecordBatch> {
    for (const part of chunks(this.#keys(ids))) {
      checkAborted(signal, `collection ${this.name}: look-up`);
      yield* table.query().select(columns).where(keyIsOneOf(part));
    }
  }

  async #read<T>(call: string, signal: AbortSignal | undefined, read: (table: Table) => Promise<T>): Promise<T> {
    checkAborted(signal, `collection ${this.name}: ${call}`);
    try {
      return await read(this.parts.table);
    } catch (cause) {
      throw fromLanceError(`collection ${this.name}: ${call}`, cause);
    }
  }

  /** One write at a time, each with the lock still in hand: concurrent merges of one key store it twice. */
  #write<T>(call: string, signal: AbortSignal | undefined, write: (table: Table) => Promise<T>): Promise<T> {
    const { lock } = this.parts;
    return this.#turns.run(() =>
      this.#read(call, signal, async (table) => {
        if (lock === null) {
          throw new HeadraceError("usage_invalid", `collection ${this.name}: ${call}: expected write access, found read access`);
        }
        await lock.verify();
        return write(table);
      }),
    );
  }
}

function chunks<T>(values: readonly T[]): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(values.length / lookupRows) }, (_, at) => values.slice(at * lookupRows, (at + 1) * lookupRows));
}
