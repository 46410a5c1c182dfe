/** One open collection of the store in memory. */
import {
  type BuiltIndex,
  type Collection,
  type CollectionSchema,
  type CollectionStats,
  type Filter,
  HeadraceError,
  type Hit,
  type InsertResult,
  type Key,
  type KnownRow,
  type Passport,
  type RowBatch,
  type RowFailure,
  type SearchOptions,
  type Selection,
  type StoredContent,
  type StoredRow,
  type UpkeepOptions,
} from "../../contracts/index.js";
import { checkFilter, compareText, evaluateFilter, fieldsOf } from "../../filter/index.js";
import {
  checkAborted,
  checkIndexColumn,
  checkQuery,
  chunksOf,
  givenMetadata,
  ingestedAtOf,
  type MetadataType,
  nearEnough,
  planUpsert,
  scoreOf,
  writeAbsent,
} from "../../kit/index.js";

type FullRow = StoredRow & { readonly vector: Float32Array };

export interface Table {
  readonly schema: Required<CollectionSchema>;
  readonly rows: Map<Key, FullRow>;
  readonly columns: Map<string, MetadataType>;
  /** The columns that `buildIndex` was called for. The store keeps no real index. */
  readonly indexedKeys: Set<string>;
  passport: Passport | null;
}

type Enter = (call: string, signal?: AbortSignal) => Promise<Table>;

export class MemoryCollection implements Collection {
  readonly dimension: number;
  readonly metric: CollectionSchema["metric"];
  readonly idType: "text" | "int64";
  #passport: Passport | null;

  constructor(
    readonly name: string,
    readonly access: "read" | "write",
    readonly schema: Required<CollectionSchema>,
    readonly enter: Enter,
  ) {
    this.dimension = schema.dimension;
    this.metric = schema.metric;
    this.idType = schema.idType;
    this.#passport = schema.passport;
  }

  get passport(): Passport | null {
    return this.#passport;
  }

  async isEmpty(signal: AbortSignal): Promise<boolean> {
    return (await this.enter("isEmpty", signal)).rows.size === 0;
  }

  async setPassport(passport: Passport): Promise<void> {
    const table = await this.#enterToWrite("setPassport");
    table.passport = structuredClone(passport);
    this.#passport = table.passport;
  }

  async upsert(batch: RowBatch, signal: AbortSignal): Promise<readonly RowFailure[]> {
    return this.#store(batch, await this.#enterToWrite("upsert", signal));
  }

  async insertAbsent(batch: RowBatch, signal: AbortSignal): Promise<InsertResult> {
    const table = await this.#enterToWrite("insert", signal);
    return writeAbsent(batch, table.rows, async (absent) => this.#store(absent, table));
  }

  #store(batch: RowBatch, table: Table): readonly RowFailure[] {
    const plan = planUpsert(batch, { ...this.schema, vectorType: "float32", columns: table.columns });
    for (const [name, type] of plan.newColumns) table.columns.set(name, type);
    for (const index of plan.accepted) {
      const id = batch.ids[index]!;
      const { line: _line, listed: _listed, before: _before, firstIngestedAt: _first, ...facts } = plan.batch.facts[index]!;
      table.rows.set(id, {
        id,
        vector: batch.vectors.slice(index * this.dimension, (index + 1) * this.dimension),
        facts: { ...facts, metadata: Object.fromEntries(givenMetadata(facts.metadata)) },
        ingestedAt: ingestedAtOf(batch, index),
      });
    }
    return plan.failures;
  }

  async known(ids: readonly Key[], signal: AbortSignal): Promise<ReadonlyMap<Key, KnownRow>> {
    const { rows } = await this.enter("known", signal);
    const found = presentRows(rows, ids);
    return new Map(found.map(({ id, facts }) => [id, { version: facts.version, metadataHash: facts.metadataHash }]));
  }

  async byContent(fingerprints: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, StoredContent>> {
    const { rows } = await this.enter("byContent", signal);
    const wanted = new Set(fingerprints);
    const found = [...rows.values()].filter(({ facts }) => facts.content !== "" && wanted.has(facts.content));
    return new Map(found.map(({ vector, facts }) => [facts.content, { vector: vector.slice(), width: facts.width, height: facts.height }]));
  }

  async search(queries: readonly Float32Array[], options: SearchOptions): Promise<readonly (readonly Hit[])[]> {
    const { rows } = await this.enter("search", options.signal);
    for (const query of queries) checkQuery(query, options, this);
    const candidates = matching(rows, options.filter);
    return queries.map((query) => {
      const hits = candidates.map(({ id, facts, vector }) => ({ id, score: scoreOf(this.metric, query, vector), facts }));
      return nearEnough(hits.sort((a, b) => b.score - a.score).slice(0, options.topK), options.minScore);
    });
  }

  async get(
    ids: readonly Key[],
    options: { readonly vectors: "include" | "omit"; readonly signal?: AbortSignal },
  ): Promise<readonly StoredRow[]> {
    const { rows } = await this.enter("get", options.signal);
    return presentRows(rows, ids).map((row) => given(row, options.vectors));
  }

  async delete(selection: Selection, signal: AbortSignal): Promise<number> {
    const { rows } = await this.#enterToWrite("delete", signal);
    const selected = "ids" in selection ? presentRows(rows, selection.ids) : matching(rows, selection.filter);
    for (const { id } of selected) rows.delete(id);
    return selected.length;
  }

  async count(filter?: Filter): Promise<number> {
    const { rows } = await this.enter("count");
    return matching(rows, filter).length;
  }

  async *scan(options: {
    readonly filter?: Filter;
    readonly vectors: "include" | "omit";
    readonly batchRows?: number;
    readonly signal?: AbortSignal;
  }): AsyncIterable<readonly StoredRow[]> {
    const { rows } = await this.enter("scan", options.signal);
    const found = matching(rows, options.filter);
    const batchRows = options.batchRows ?? 1000;
    for (const chunk of chunksOf(found, batchRows)) {
      checkAborted(options.signal, `collection ${this.name}: scan`);
      yield chunk.map((row) => given(row, options.vectors));
    }
  }

  async stats(): Promise<CollectionStats> {
    const { rows, columns, passport, indexedKeys } = await this.enter("stats");
    const { name, dimension, metric, idType } = this;
    const keys = { indexedKeys: [...indexedKeys].sort(compareText), indexableKeys: [...columns.keys()].sort(compareText) };
    return { name, count: rows.size, dimension, metric, idType, index: "none", ...keys, passport };
  }

  async settle(signal: AbortSignal): Promise<void> {
    await this.#enterToWrite("settle", signal);
  }

  async upkeep(_extent: "owed" | "all", signal: AbortSignal, { onProgress }: UpkeepOptions = {}): Promise<void> {
    const { rows } = await this.#enterToWrite("upkeep", signal);
    onProgress?.({ step: "looking at the rows", share: 1, rows: rows.size });
  }

  async buildIndex(column: string, signal: AbortSignal): Promise<BuiltIndex> {
    const { rows, columns, indexedKeys } = await this.#enterToWrite("buildIndex", signal);
    const unchanged = { column, rows: rows.size, outcome: "unchanged" } as const;
    if (column === "vector") return { ...unchanged, type: "none" };
    checkIndexColumn(this.name, column, columns.keys());
    if (indexedKeys.has(column)) return { ...unchanged, type: "memory" };
    indexedKeys.add(column);
    return { ...unchanged, type: "memory", outcome: "built" };
  }

  async close(): Promise<void> {
    // The handle holds no resources.
  }

  async #enterToWrite(call: string, signal?: AbortSignal): Promise<Table> {
    const table = await this.enter(call, signal);
    if (this.access === "write") return table;
    throw new HeadraceError("usage_invalid", `collection ${this.name}: ${call}: expected write access, found read access`);
  }
}

function presentRows(rows: ReadonlyMap<Key, FullRow>, ids: readonly Key[]): readonly FullRow[] {
  return [...new Set(ids)].map((id) => rows.get(id)).filter((row) => row !== undefined);
}

function matching(rows: ReadonlyMap<Key, FullRow>, filter: Filter | undefined): readonly FullRow[] {
  if (filter === undefined) return [...rows.values()];
  checkFilter(filter);
  return [...rows.values()].filter((row) => evaluateFilter(filter, fieldsOf(row)));
}

function given(row: FullRow, vectors: "include" | "omit"): StoredRow {
  return { ...row, vector: vectors === "include" ? row.vector.slice() : null };
}
