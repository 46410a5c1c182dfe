/** A collection in Milvus. */
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
import { checkAborted, checkQuery, chunksOf, isKeyOf, nearEnough, planUpsert, writeAbsent } from "../../kit/index.js";
import type { CollectionParts } from "./collection-parts.js";
import { compileFilter, keyIsAfter, keyList, quote } from "./connection/filter.js";
import { RegisteredColumns } from "./connection/registered-columns.js";
import { filterColumns } from "./connection/schema.js";
import { readPassport, writePassport } from "./passport.js";
import { buildRequestedIndex } from "./requested-index.js";
import { factsOf, inexactKeysOf, keyOf, type RawRow, rowFields, rowsPerQuery, scoreOf, storedRowOf, vectorOf } from "./rows.js";
import { indexableKeysOf, indexedKeysOf } from "./upkeep/key-index.js";
import { kindOf } from "./upkeep/vector-index.js";
import { checkMayWrite } from "./writing/write-privilege.js";

/** Maximum number of keys in one query. 5,000 text keys make an expression of 200 kB, and the query takes 40 ms. */
const keysPerQuery = 5000;
const contentsPerQuery = 1000;
/** Rows per content that the first query for keys has room for. Most images are stored under a few keys. */
const rowsPerContent = 4;
/** Milvus returns at most this many rows per query. */
const maxAnswerRows = 16_384;

export class MilvusCollection implements Collection {
  readonly name: string;
  readonly dimension: number;
  readonly metric: Metric;
  readonly idType: "text" | "int64";
  readonly inexactKeys: ReadonlySet<string>;
  #passport: Passport | null;
  #wrote = false;
  readonly #columns: RegisteredColumns;

  constructor(readonly parts: CollectionParts) {
    const { shape } = parts;
    this.name = shape.name;
    this.dimension = shape.dimension;
    this.metric = shape.metric;
    this.idType = shape.idType;
    this.inexactKeys = inexactKeysOf(shape);
    this.#passport = shape.passport;
    const declared = new Set(shape.declared.map(({ name }) => name));
    this.#columns = new RegisteredColumns(parts.upkeep.properties, shape.columns, declared);
  }

  get passport(): Passport | null {
    return this.#passport;
  }

  async isEmpty(signal: AbortSignal): Promise<boolean> {
    checkAborted(signal, `collection ${this.name}: count`);
    if (this.parts.origin === "created" && !this.parts.freshness.hasWritten) return true;
    return (await this.parts.queries.count("", signal)) === 0;
  }

  checkMayWrite(signal: AbortSignal): Promise<void> {
    return checkMayWrite(this.parts.inserter.connection, this.parts.shape, signal);
  }

  async setPassport(passport: Passport): Promise<void> {
    this.#checkWrite("setPassport");
    this.#passport = await writePassport(this.parts.upkeep.properties, { known: this.#passport, passport, metric: this.metric });
  }

  upsert(batch: RowBatch, signal: AbortSignal): Promise<readonly RowFailure[]> {
    return this.#write(batch, "refused", signal);
  }

  /** Looks the rows up first, because Milvus' own insert stores a second row under the same key. Other processes may write in between. */
  async insertAbsent(batch: RowBatch, signal: AbortSignal): Promise<InsertResult> {
    this.#checkWrite("insert");
    const present = new Set((await this.get(batch.ids, { vectors: "omit", signal })).map(({ id }) => id));
    return writeAbsent(batch, present, (absent) => this.#write(absent, "allowed", signal));
  }

  async #write(batch: RowBatch, mixedTypes: "allowed" | "refused", signal: AbortSignal): Promise<readonly RowFailure[]> {
    this.#checkWrite("upsert");
    checkAborted(signal, `collection ${this.name}: upsert`);
    const { dimension, metric, idType } = this;
    const vectorType = this.parts.shape.vectorType === "Float16Vector" ? "float16" : "float32";
    const rules = { dimension, metric, idType, vectorType, columns: this.#columns.types, mixedTypes } as const;
    let plan = planUpsert(batch, rules);
    if (plan.newColumns.size > 0) {
      await this.#columns.register(plan.newColumns, signal);
      // Another process may have registered another type for a column. Rows with a value of this type then fail.
      plan = planUpsert(batch, rules);
    }
    if (plan.accepted.length === 0) return plan.failures;
    this.#wrote = true;
    const refused = await this.parts.inserter.upsert(plan.batch, plan.accepted, signal);
    return [...plan.failures, ...refused].sort((a, b) => a.index - b.index);
  }

  async known(ids: readonly Key[], signal: AbortSignal): Promise<ReadonlyMap<Key, KnownRow>> {
    const found = new Map<Key, KnownRow>();
    for (const keys of chunksOf(this.#keys(ids), keysPerQuery)) {
      const rows = await this.parts.queries.rows(keyList("id", keys), ["id", "version", "metadata_hash"], "own", { signal });
      for (const raw of rows) {
        found.set(keyOf(raw, this), { version: String(raw["version"]), metadataHash: String(raw["metadata_hash"]) });
      }
    }
    return found;
  }

  /**
   * First finds one key for each content, then reads the vectors of only these keys, because one image can be stored under very many keys.
   */
  async byContent(fingerprints: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, StoredContent>> {
    const { queries, shape } = this.parts;
    const wanted = [...new Set(fingerprints)].filter((fingerprint) => fingerprint !== "");
    const keys: Key[] = [];
    for (const contents of chunksOf(wanted, contentsPerQuery)) keys.push(...(await this.#keysOf(contents, signal)).values());
    const found = new Map<string, StoredContent>();
    for (const some of chunksOf(keys, rowsPerQuery(shape, "include"))) {
      const fields = ["content", "width", "height", shape.vectorField];
      for (const raw of await queries.rows(keyList("id", some), fields, "own", { signal })) {
        found.set(String(raw["content"]), { vector: vectorOf(raw, shape)!, width: Number(raw["width"]), height: Number(raw["height"]) });
      }
    }
    return found;
  }

  /**
   * Finds one key for each content. Many rows with the same content can fill an answer, so that other contents are missing. Only the missing
   * contents are queried again, with room for more rows.
   */
  async #keysOf(contents: readonly string[], signal: AbortSignal): Promise<Map<string, Key>> {
    const keys = new Map<string, Key>();
    let rest = contents;
    for (let rows = rowsPerContent * contents.length; rest.length > 0; rows *= 4) {
      const limit = rest.length === 1 ? 1 : Math.min(rows, maxAnswerRows);
      const raws = await this.parts.queries.rows(`content in [${rest.map(quote).join(",")}]`, ["id", "content"], "own", { signal, limit });
      for (const raw of raws) keys.set(String(raw["content"]), keyOf(raw, this));
      if (raws.length < limit) break;
      rest = rest.filter((content) => !keys.has(content));
    }
    return keys;
  }

  async search(queries: readonly Float32Array[], options: SearchOptions): Promise<readonly (readonly Hit[])[]> {
    for (const query of queries) checkQuery(query, options, this);
    if (queries.length === 0) return [];
    const { shape } = this.parts;
    const answers = await this.parts.queries.nearest(queries, this.#expression(options.filter), options);
    const hitOf = (raw: RawRow): Hit => ({
      id: keyOf(raw, shape),
      score: scoreOf(this.metric, Number(raw["score"])),
      facts: factsOf(raw, shape),
    });
    return answers.map((rows) => nearEnough(rows.map(hitOf), options.minScore));
  }

  async get(
    ids: readonly Key[],
    options: { readonly vectors: "include" | "omit"; readonly signal?: AbortSignal },
  ): Promise<readonly StoredRow[]> {
    const { shape, queries } = this.parts;
    const rows: StoredRow[] = [];
    for (const keys of chunksOf(this.#keys(ids), rowsPerQuery(shape, options.vectors))) {
      const raws = await queries.rows(keyList("id", keys), rowFields(shape, options.vectors), "strong", { signal: options.signal });
      rows.push(...raws.map((raw) => storedRowOf(raw, shape)));
    }
    return rows;
  }

  async delete(selection: Selection, signal: AbortSignal): Promise<number> {
    this.#checkWrite("delete");
    const expressions =
      "ids" in selection
        ? [...chunksOf(this.#keys(selection.ids), keysPerQuery)].map((keys) => keyList("id", keys))
        : [this.#expression(selection.filter)];
    let deleted = 0;
    for (const expression of expressions) deleted += await this.parts.queries.delete(expression, signal);
    return deleted;
  }

  async count(filter?: Filter): Promise<number> {
    return this.parts.queries.count(this.#expression(filter));
  }

  async *scan(options: {
    readonly filter?: Filter;
    readonly vectors: "include" | "omit";
    readonly batchRows?: number;
    readonly signal?: AbortSignal;
  }): AsyncIterable<readonly StoredRow[]> {
    const { shape, queries } = this.parts;
    const expression = this.#expression(options.filter);
    const limit = Math.min(options.batchRows ?? 1000, rowsPerQuery(shape, options.vectors));
    const fields = rowFields(shape, options.vectors);
    for await (const raws of queries.pages(expression, fields, limit, options.signal)) yield raws.map((raw) => storedRowOf(raw, shape));
  }

  async page({ after, limit, filter, vectors, signal }: RowPageOptions): Promise<readonly StoredRow[]> {
    const { shape, queries } = this.parts;
    const bounds = [this.#expression(filter), after === null ? "" : keyIsAfter(after)].filter((part) => part !== "").join(" and ");
    const rows: StoredRow[] = [];
    const pageRows = Math.min(limit, rowsPerQuery(shape, vectors));
    for await (const raws of queries.pages(bounds, rowFields(shape, vectors), pageRows, signal)) {
      rows.push(...raws.slice(0, limit - rows.length).map((raw) => storedRowOf(raw, shape)));
      if (rows.length === limit) break;
    }
    return rows;
  }

  async stats(): Promise<CollectionStats> {
    const { upkeep } = this.parts;
    const [count, index, indexedKeys] = await Promise.all([this.count(), upkeep.currentIndex(), indexedKeysOf(upkeep)]);
    // Another process may have set the passport since this collection was opened.
    this.#passport ??= await readPassport(upkeep.properties);
    const { name, dimension, metric, idType, passport } = this;
    const keys = { indexedKeys, indexableKeys: indexableKeysOf(upkeep) };
    return { name, count, dimension, metric, idType, index: kindOf(index), ...keys, passport };
  }

  async settle(signal: AbortSignal, whose: "own" | "all" = "own"): Promise<void> {
    this.#checkWrite("settle");
    checkAborted(signal, `collection ${this.name}: settle`);
    if (whose === "all" || this.#wrote) await this.parts.upkeep.settle(signal);
    this.#wrote = false;
  }

  async upkeep(extent: "owed" | "all", signal: AbortSignal, options: UpkeepOptions = {}): Promise<void> {
    this.#checkWrite("upkeep");
    if (extent === "owed" && this.parts.upkeep.isOnDemand) return;
    await this.parts.upkeep.buildIndex(signal, options);
  }

  async buildIndex(column: string, signal: AbortSignal, options: UpkeepOptions = {}): Promise<BuiltIndex> {
    this.#checkWrite("buildIndex");
    return buildRequestedIndex(this.parts, column, signal, options);
  }

  async close(): Promise<void> {
    await this.#columns.idle();
    await this.parts.upkeep.close();
  }

  #expression(filter: Filter | undefined): string {
    return filter === undefined ? "" : compileFilter(filter, filterColumns(this.parts.shape));
  }

  #keys(ids: readonly Key[]): readonly Key[] {
    return [...new Set(ids)].filter((id) => isKeyOf(id, this.idType));
  }

  #checkWrite(call: string): void {
    if (this.parts.access === "write") return;
    throw new HeadraceError("usage_invalid", `collection ${this.name}: ${call}: expected write access, found read access`);
  }
}
