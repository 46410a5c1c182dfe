/** A vector store in memory: a fake for tests. Its filter results and scores define what all other stores must return. */
import {
  type Alias,
  type Collection,
  type CollectionSchema,
  type CollectionStats,
  HeadraceError,
  type VectorStore,
} from "../../contracts/index.js";
import { compareText } from "../../filter/index.js";
import {
  aliasIsCollection,
  aliasNotFound,
  aliasTargetMissing,
  checkAborted,
  checkCollectionName,
  checkDrop,
  checkSchema,
  nameIsAlias,
} from "../../kit/index.js";
import { MemoryCollection, type Table } from "./collection.js";

export interface MemoryStoreOptions {
  /** Called before each call of the store, with the names of the call and the collection. If it throws, the call fails with its error. */
  readonly beforeCall?: (call: string, collection: string | null) => void | Promise<void>;
  /** How many calls may write to a collection at the same time. Default 4. */
  readonly maxWriters?: number;
}

export function memoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  return new MemoryStore(options);
}

/** The collections exist as long as this object. `close` does not delete them. */
export class MemoryStore implements VectorStore {
  readonly name = "memory";
  readonly maxWriters: number;
  readonly #tables = new Map<string, Table>();
  readonly #aliases = new Map<string, string>();
  readonly #beforeCall: NonNullable<MemoryStoreOptions["beforeCall"]>;

  constructor(options: MemoryStoreOptions) {
    this.maxWriters = options.maxWriters ?? 4;
    this.#beforeCall = options.beforeCall ?? (() => undefined);
  }

  async create(name: string, schema: CollectionSchema): Promise<Collection> {
    await this.#beforeCall("create", name);
    checkCollectionName(name);
    checkSchema(schema);
    const aliased = this.#aliases.get(name);
    if (aliased !== undefined) throw nameIsAlias(name, aliased);
    if (this.#tables.has(name))
      throw new HeadraceError("collection_exists", `collection ${name}: expected a new name, found this collection`);
    const complete = { idType: "text", index: "auto", ...schema } as const;
    this.#tables.set(name, {
      schema: complete,
      rows: new Map(),
      columns: new Map(),
      indexedKeys: new Set(),
      passport: structuredClone(schema.passport),
    });
    return this.#collection(name, "write");
  }

  async openCollection(name: string, access: "read" | "write"): Promise<Collection> {
    await this.#beforeCall("openCollection", name);
    checkCollectionName(name);
    return this.#collection(this.#aliases.get(name) ?? name, access);
  }

  async list(): Promise<readonly CollectionStats[]> {
    await this.#beforeCall("list", null);
    const names = [...this.#tables.keys()].sort(compareText);
    return Promise.all(names.map((name) => this.#collection(name, "read").stats()));
  }

  async drop(name: string): Promise<void> {
    await this.#beforeCall("drop", name);
    checkCollectionName(name);
    checkDrop(name, this.#aliasList());
    this.#table(name);
    this.#tables.delete(name);
  }

  async aliases(): Promise<readonly Alias[]> {
    await this.#beforeCall("aliases", null);
    return this.#aliasList();
  }

  async setAlias(alias: string, collection: string): Promise<void> {
    await this.#beforeCall("setAlias", collection);
    checkCollectionName(alias);
    checkCollectionName(collection);
    if (this.#tables.has(alias)) throw aliasIsCollection(alias);
    if (!this.#tables.has(collection)) throw aliasTargetMissing(alias, collection);
    this.#aliases.set(alias, collection);
  }

  async dropAlias(alias: string): Promise<void> {
    await this.#beforeCall("dropAlias", null);
    checkCollectionName(alias);
    if (!this.#aliases.delete(alias)) throw aliasNotFound(alias);
  }

  async check(signal: AbortSignal): Promise<void> {
    await this.#beforeCall("check", null);
    checkAborted(signal, "memory");
  }

  #aliasList(): readonly Alias[] {
    return [...this.#aliases].map(([alias, collection]) => ({ alias, collection })).sort((a, b) => compareText(a.alias, b.alias));
  }

  #collection(name: string, access: "read" | "write"): Collection {
    const table = this.#table(name);
    return new MemoryCollection(name, access, { ...table.schema, passport: table.passport }, async (call, signal) => {
      await this.#beforeCall(call, name);
      checkAborted(signal, `collection ${name}: ${call}`);
      if (this.#tables.get(name) !== table) throw notFound(name);
      return table;
    });
  }

  #table(name: string): Table {
    const table = this.#tables.get(name);
    if (table === undefined) throw notFound(name);
    return table;
  }
}

function notFound(name: string): HeadraceError {
  return new HeadraceError("collection_not_found", `collection ${name}: expected an existing collection, found none`);
}
