/** One open collection: a table. */
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
import { compareText } from "../../filter/index.js";
import { checkAborted, chunksOf, isKeyOf } from "../../kit/index.js";
import type { Catalog, CollectionShape } from "./catalog.js";
import type { SqlRow } from "./connection.js";
import { compileFilter, Parameters } from "./filter.js";
import { buildKeyIndex, buildVectorIndex, indexFacts, rowCount } from "./indexes.js";
import { keyOf, rowColumns, rowsPerQuery, storedRowOf, vectorColumn, vectorOf } from "./rows.js";
import { searchTable } from "./search.js";
import { RowWriter } from "./writer.js";

const keysPerQuery = 5000;

export class PostgresCollection implements Collection {
  readonly name: string;
  readonly dimension: number;
  readonly metric: Metric;
  readonly idType: "text" | "int64";
  readonly #table: string;
  readonly #writer: RowWriter;
  #passport: Passport | null;

  constructor(
    readonly catalog: Catalog,
    readonly shape: CollectionShape,
    readonly access: "read" | "write",
  ) {
    this.name = shape.name;
    this.dimension = shape.dimension;
    this.metric = shape.metric;
    this.idType = shape.idType;
    this.#table = catalog.database.table(shape.table);
    this.#writer = new RowWriter(catalog, shape);
    this.#passport = shape.passport;
  }

  get passport(): Passport | null {
    return this.#passport;
  }

  async isEmpty(signal: AbortSignal): Promise<boolean> {
    const [row] = await this.#query("isEmpty", `SELECT NOT EXISTS (SELECT FROM ${this.#table}) AS empty`, [], signal);
    return row?.["empty"] === true;
  }

  async checkMayWrite(signal: AbortSignal): Promise<void> {
    const text = `SELECT privilege FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS privilege WHERE NOT has_table_privilege($1, privilege)`;
    const missing = (await this.#query("check the privileges", text, [this.#table], signal)).map((row) => row["privilege"]);
    if (missing.length === 0) return;
    throw new HeadraceError("config_invalid", `collection ${this.name}: expected a user who may write to ${this.#table}, found none`, {
      hint: `Run as the owner of the table: GRANT ${missing.join(", ")} ON ${this.#table} TO the user of postgres.url;`,
    });
  }

  async setPassport(passport: Passport): Promise<void> {
    this.#checkWrite("setPassport");
    this.#passport = await this.catalog.setPassport(this.shape, this.#passport, passport);
  }

  async upsert(batch: RowBatch, signal: AbortSignal): Promise<readonly RowFailure[]> {
    this.#checkWrite("upsert");
    return (await this.#writer.write(batch, { stored: "replace", signal })).failures;
  }

  async insertAbsent(batch: RowBatch, signal: AbortSignal): Promise<InsertResult> {
    this.#checkWrite("insert");
    const { failures, kept } = await this.#writer.write(batch, { stored: "keep", signal });
    const failed = new Set(failures.map(({ index }) => index));
    return { failures, present: [...batch.ids.keys()].filter((index) => kept.has(batch.ids[index]!) && !failed.has(index)) };
  }

  async known(ids: readonly Key[], signal: AbortSignal): Promise<ReadonlyMap<Key, KnownRow>> {
    const found = new Map<Key, KnownRow>();
    await this.#withKeys("known", ids, { columns: "id, version, metadata_hash", rows: keysPerQuery, signal }, (row) => {
      found.set(keyOf(row, this), { version: String(row["version"]), metadataHash: String(row["metadata_hash"]) });
    });
    return found;
  }

  /** One image can be stored under very many keys. One row of each content is read. */
  async byContent(fingerprints: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, StoredContent>> {
    checkAborted(signal, `collection ${this.name}: byContent`);
    const wanted = [...new Set(fingerprints)].filter((content) => content !== "" && !content.includes("\0"));
    const found = new Map<string, StoredContent>();
    const text = `SELECT wanted.content, width, height, vector FROM unnest($1::text[]) AS wanted (content) CROSS JOIN LATERAL
      (SELECT width, height, ${vectorColumn(this.catalog.database)} FROM ${this.#table} AS stored
        WHERE stored.content = wanted.content AND stored.content <> '' LIMIT 1) AS one`;
    for (const contents of chunksOf(wanted, rowsPerQuery(this, "include"))) {
      for (const row of await this.#query("byContent", text, [contents], signal)) {
        const vector = vectorOf(String(row["vector"]));
        found.set(String(row["content"]), { vector, width: Number(row["width"]), height: Number(row["height"]) });
      }
    }
    return found;
  }

  search(queries: readonly Float32Array[], options: SearchOptions): Promise<readonly (readonly Hit[])[]> {
    return searchTable(this.catalog, this.shape, queries, options);
  }

  async get(
    ids: readonly Key[],
    { vectors, signal }: { readonly vectors: "include" | "omit"; readonly signal?: AbortSignal },
  ): Promise<readonly StoredRow[]> {
    const found: StoredRow[] = [];
    const columns = rowColumns(this.catalog.database, vectors);
    await this.#withKeys("get", ids, { columns, rows: rowsPerQuery(this, vectors), signal }, (row) => found.push(storedRowOf(row, this)));
    return found;
  }

  async delete(selection: Selection, signal: AbortSignal): Promise<number> {
    this.#checkWrite("delete");
    const { connection } = this.catalog;
    const call = `collection ${this.name}: delete`;
    checkAborted(signal, call);
    if ("filter" in selection) {
      const parameters = new Parameters();
      const text = `DELETE FROM ${this.#table} WHERE ${compileFilter(selection.filter, this.idType, parameters)}`;
      return connection.change(call, { text, values: parameters.values }, { signal });
    }
    let deleted = 0;
    for (const keys of chunksOf(this.#keys(selection.ids), keysPerQuery)) {
      deleted += await connection.change(call, { text: `DELETE FROM ${this.#table} WHERE ${this.#isOneOf}`, values: [keys] }, { signal });
    }
    return deleted;
  }

  async count(filter?: Filter): Promise<number> {
    const parameters = new Parameters();
    const where = filter === undefined ? "true" : compileFilter(filter, this.idType, parameters);
    const [row] = await this.#query("count", `SELECT count(*) AS count FROM ${this.#table} WHERE ${where}`, parameters.values);
    return Number(row?.["count"]);
  }

  /** Reads page after page in the order of the keys, so that no transaction stays open while the rows are used. */
  async *scan({
    filter,
    vectors,
    batchRows = 1000,
    signal,
  }: {
    readonly filter?: Filter;
    readonly vectors: "include" | "omit";
    readonly batchRows?: number;
    readonly signal?: AbortSignal;
  }): AsyncIterable<readonly StoredRow[]> {
    const limit = Math.min(batchRows, rowsPerQuery(this, vectors));
    const options = { limit, vectors, ...(filter === undefined ? {} : { filter }), ...(signal === undefined ? {} : { signal }) };
    for (let after: Key | null = null; ; ) {
      const rows: readonly StoredRow[] = await this.#rowsAfter("scan", { ...options, after });
      if (rows.length > 0) yield rows;
      if (rows.length < limit) return;
      after = rows.at(-1)!.id;
    }
  }

  async page(options: RowPageOptions): Promise<readonly StoredRow[]> {
    const limit = rowsPerQuery(this, options.vectors);
    const found: StoredRow[] = [];
    for (let after = options.after; found.length < options.limit; ) {
      const wanted = Math.min(limit, options.limit - found.length);
      const rows = await this.#rowsAfter("page", { ...options, after, limit: wanted });
      found.push(...rows);
      if (rows.length < wanted) break;
      after = rows.at(-1)!.id;
    }
    return found;
  }

  async stats(): Promise<CollectionStats> {
    const { catalog, shape, name, dimension, metric, idType } = this;
    const [count, facts, columns, stored] = await Promise.all([
      this.count(),
      indexFacts(catalog, shape),
      catalog.columns(name),
      catalog.find(name),
    ]);
    // Another process may have set the passport since this collection was opened.
    this.#passport ??= stored?.passport ?? null;
    return {
      name,
      count,
      dimension,
      metric,
      idType,
      ...facts,
      indexableKeys: [...columns.keys()].sort(compareText),
      passport: this.#passport,
    };
  }

  /** Does nothing, because every row is durable when `upsert` resolves. */
  async settle(signal: AbortSignal): Promise<void> {
    this.#checkWrite("settle");
    checkAborted(signal, `collection ${this.name}: settle`);
  }

  async upkeep(extent: "owed" | "all", signal: AbortSignal, options: UpkeepOptions = {}): Promise<void> {
    this.#checkWrite("upkeep");
    const { indexFrom } = this.catalog.database.section;
    await buildVectorIndex(this.catalog, this.shape, { ...options, signal, leastRows: indexFrom });
    if (extent === "owed") return;
    const { connection } = this.catalog;
    const timeoutMs = Number.POSITIVE_INFINITY;
    await connection.change(`collection ${this.name}: vacuum`, { text: `VACUUM (ANALYZE) ${this.#table}` }, { signal, timeoutMs });
  }

  async buildIndex(column: string, signal: AbortSignal, options: UpkeepOptions = {}): Promise<BuiltIndex> {
    this.#checkWrite("buildIndex");
    const { catalog, shape } = this;
    checkAborted(signal, `collection ${this.name}: buildIndex`);
    const built =
      column === "vector"
        ? await buildVectorIndex(catalog, shape, { ...options, signal, leastRows: 1 })
        : await buildKeyIndex(catalog, shape, column, { ...options, signal });
    const { connection, database } = catalog;
    const run = {
      run: (statement: { readonly text: string }) => connection.query(`collection ${this.name}: count`, statement, { signal }),
    };
    return { column, ...built, rows: await rowCount(run, database, shape) };
  }

  async close(): Promise<void> {
    // The connections belong to the store.
  }

  get #isOneOf(): string {
    return `id = ANY($1::${this.idType === "text" ? "text" : "bigint"}[])`;
  }

  #keys(ids: readonly Key[]): readonly string[] {
    const keys = [...new Set(ids)].filter((id) => isKeyOf(id, this.idType) && !(typeof id === "string" && id.includes("\0")));
    return keys.map(String);
  }

  async #withKeys(
    call: string,
    ids: readonly Key[],
    { columns, rows, signal }: { readonly columns: string; readonly rows: number; readonly signal: AbortSignal | undefined },
    take: (row: SqlRow) => void,
  ): Promise<void> {
    checkAborted(signal, `collection ${this.name}: ${call}`);
    for (const keys of chunksOf(this.#keys(ids), rows)) {
      for (const row of await this.#query(call, `SELECT ${columns} FROM ${this.#table} WHERE ${this.#isOneOf}`, [keys], signal)) take(row);
    }
  }

  async #rowsAfter(call: string, { after, limit, filter, vectors, signal }: RowPageOptions): Promise<readonly StoredRow[]> {
    const parameters = new Parameters();
    const bounds = [
      ...(after === null ? [] : [`id > ${parameters.add(String(after), this.idType === "text" ? "text" : "bigint")}`]),
      ...(filter === undefined ? [] : [compileFilter(filter, this.idType, parameters)]),
    ];
    const where = bounds.length === 0 ? "true" : bounds.join(" AND ");
    const text = `SELECT ${rowColumns(this.catalog.database, vectors)} FROM ${this.#table} WHERE ${where} ORDER BY id LIMIT ${parameters.add(limit, "bigint")}`;
    return (await this.#query(call, text, parameters.values, signal)).map((row) => storedRowOf(row, this));
  }

  #query(call: string, text: string, values: readonly unknown[], signal?: AbortSignal): Promise<readonly SqlRow[]> {
    return this.catalog.connection.query(`collection ${this.name}: ${call}`, { text, values }, { signal });
  }

  #checkWrite(call: string): void {
    if (this.access === "write") return;
    throw new HeadraceError("usage_invalid", `collection ${this.name}: ${call}: expected write access, found read access`);
  }
}
