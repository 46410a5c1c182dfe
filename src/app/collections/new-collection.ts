/** A collection that is created when its first row is written. So a run without rows creates no collection. */
import {
  type BuiltIndex,
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
  type UpkeepOptions,
} from "../../contracts/index.js";
import { mapItems } from "../../kit/index.js";
import type { InputStream } from "../../sources/index.js";
import { Shared } from "../lifetimes/shared.js";

/** Properties of a collection that does not exist yet. */
export interface NewCollectionOptions {
  readonly name: string;
  readonly dimension: number;
  readonly metric: Metric;
  /** Creates the collection, or opens it if another process has created it in the meantime. */
  readonly create: (schema: { readonly idType: "text" | "int64"; readonly passport: Passport | null }) => Promise<Collection>;
}

/** Acts as an empty collection until `upsert` creates the collection in the store. */
export class NewCollection implements Collection {
  readonly name: string;
  readonly dimension: number;
  readonly metric: Metric;
  readonly #created: Shared<Collection>;
  #idType: "text" | "int64" | null = null;
  #passport: Passport | null = null;
  #collection: Collection | null = null;

  constructor({ name, dimension, metric, create }: NewCollectionOptions) {
    this.name = name;
    this.dimension = dimension;
    this.metric = metric;
    this.#created = new Shared(async () => {
      this.#collection = await create({ idType: this.idType, passport: this.#passport });
      return this.#collection;
    });
  }

  /** Call this with each key before its row is written. The first key decides the id type of the collection. */
  announceKey(key: Key): void {
    this.#idType ??= typeof key === "bigint" ? "int64" : "text";
  }

  get idType(): "text" | "int64" {
    return this.#collection?.idType ?? this.#idType ?? "text";
  }

  /** The passport of the collection. Before the first row is written: the passport that the new collection will get. */
  get passport(): Passport | null {
    return this.#collection?.passport ?? this.#passport;
  }

  async setPassport(passport: Passport): Promise<void> {
    if (this.#collection === null) this.#passport = passport;
    else await this.#collection.setPassport(passport);
  }

  async upsert(rows: RowBatch, signal: AbortSignal): Promise<readonly RowFailure[]> {
    return (await this.#created.get(signal)).upsert(rows, signal);
  }

  async isEmpty(signal: AbortSignal): Promise<boolean> {
    return (await this.#collection?.isEmpty(signal)) ?? true;
  }

  async known(ids: readonly Key[], signal: AbortSignal, versions?: ReadonlyMap<Key, string>): Promise<ReadonlyMap<Key, KnownRow>> {
    return (await this.#collection?.known(ids, signal, versions)) ?? new Map();
  }

  async byContent(fingerprints: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, StoredContent>> {
    return (await this.#collection?.byContent(fingerprints, signal)) ?? new Map();
  }

  async get(ids: readonly Key[], options: Parameters<Collection["get"]>[1]): Promise<readonly StoredRow[]> {
    return (await this.#collection?.get(ids, options)) ?? [];
  }

  async count(filter?: Filter): Promise<number> {
    return (await this.#collection?.count(filter)) ?? 0;
  }

  async delete(selection: Selection, signal: AbortSignal): Promise<number> {
    return (await this.#collection?.delete(selection, signal)) ?? 0;
  }

  async search(queries: readonly Float32Array[], options: SearchOptions): Promise<readonly (readonly Hit[])[]> {
    return (await this.#collection?.search(queries, options)) ?? queries.map(() => []);
  }

  async *scan(options: Parameters<Collection["scan"]>[0]): AsyncIterable<readonly StoredRow[]> {
    if (this.#collection !== null) yield* this.#collection.scan(options);
  }

  async stats(): Promise<CollectionStats> {
    const { name, dimension, metric, idType, passport } = this;
    const empty = { name, count: 0, dimension, metric, idType, index: "none", indexedKeys: [], indexableKeys: [], passport };
    return (await this.#collection?.stats()) ?? empty;
  }

  async settle(signal: AbortSignal): Promise<void> {
    await this.#collection?.settle(signal);
  }

  async upkeep(extent: "owed" | "all", signal: AbortSignal, options?: UpkeepOptions): Promise<void> {
    await this.#collection?.upkeep(extent, signal, options);
  }

  async buildIndex(column: string, signal: AbortSignal, options?: UpkeepOptions): Promise<BuiltIndex> {
    return (await this.#collection?.buildIndex(column, signal, options)) ?? { column, type: "none", outcome: "unchanged", rows: 0 };
  }

  /** Closes the collection. Waits first if the collection is being created. */
  async close(): Promise<void> {
    const [created] = await Promise.allSettled([this.#created.begun]);
    if (created.status === "fulfilled") await created.value?.close();
  }
}

/**
 * Creates a collection, or opens it if it exists. If several processes do this at once, one creates the collection and the others open it.
 */
export async function createOrOpen(create: () => Promise<Collection>, open: () => Promise<Collection>): Promise<Collection> {
  try {
    return await create();
  } catch (error) {
    if (!HeadraceError.is(error) || error.code !== "collection_exists") throw error;
    return open();
  }
}

/** Passes each key to a new collection, because the first key decides the type of its ids. */
export function announcingKeys(inputs: InputStream, collection: NewCollection): InputStream {
  return (stop) =>
    mapItems(inputs(stop), (input) => {
      // An invalid manifest line has no id that could decide the type.
      if (input.ref.refused === undefined) collection.announceKey(input.id);
      return input;
    });
}
