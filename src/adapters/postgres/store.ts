/** Collections in PostgreSQL: creates, opens, lists and drops them. */
import {
  type Alias,
  type Collection,
  type CollectionSchema,
  type CollectionStats,
  HeadraceError,
  type VectorStore,
} from "../../contracts/index.js";
import { checkAborted, checkCollectionName, checkSchema, mebibyte } from "../../kit/index.js";
import { Catalog } from "./catalog.js";
import { PostgresCollection } from "./collection.js";
import { PostgresConnection } from "./connection.js";
import { Database } from "./database.js";
import { collectionNotFound } from "./errors.js";
import { indexTypeOf } from "./indexes.js";
import { type IndexType, indexTypes, type PostgresSection, postgresSection } from "./options.js";

/** The most numbers of a `vector` and of a `halfvec`. */
const maxDimension = 16_000;

/** PostgreSQL takes no message of more than 1 GiB. */
const mostBytesMb = 512;

export interface PostgresStoreOptions {
  /** Maximum MiB of the vectors in one statement. Default 24, at most 512. */
  readonly maxBytesMb?: number;
}

/** A missing setting has the default of its section. The store loads no package and opens no connection before `open` is called. */
export function postgresStore(postgres: Partial<PostgresSection> = {}, options: PostgresStoreOptions = {}): PostgresStore {
  return new PostgresStore({ ...postgresSection.parse({}), ...postgres }, options);
}

export class PostgresStore implements VectorStore {
  readonly name = "postgres";
  readonly maxWriters: number;
  #opened: Catalog | null = null;

  constructor(
    readonly section: PostgresSection,
    readonly options: PostgresStoreOptions,
  ) {
    // Searches and look-ups need connections too.
    this.maxWriters = Math.max(1, Math.floor(section.poolSize / 2));
  }

  async open(signal: AbortSignal): Promise<void> {
    checkAborted(signal, "postgres: open");
    const connection = await PostgresConnection.make(this.section);
    try {
      const maxWriteBytes = Math.min(this.options.maxBytesMb ?? 24, mostBytesMb) * mebibyte;
      this.#opened = new Catalog(connection, await Database.read(connection, this.section, signal), maxWriteBytes);
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = null;
    await opened?.connection.close();
  }

  async check(signal: AbortSignal): Promise<void> {
    await this.#catalog.connection.query("postgres: check", { text: "SELECT 1" }, { signal });
  }

  async create(name: string, schema: CollectionSchema): Promise<Collection> {
    checkCollectionName(name);
    checkSchema(schema);
    if (schema.dimension > maxDimension) {
      throw new HeadraceError(
        "input_invalid",
        `collection: expected at most ${maxDimension} numbers per vector, found ${schema.dimension}`,
      );
    }
    const { vectorType } = this.section;
    const index = indexTypeOf(this.#requested(schema.index), { dimension: schema.dimension, vectorType });
    const catalog = this.#catalog;
    return new PostgresCollection(catalog, await catalog.create(name, schema, index), "write");
  }

  async openCollection(nameOrAlias: string, access: "read" | "write"): Promise<Collection> {
    checkCollectionName(nameOrAlias);
    const catalog = this.#catalog;
    const shape = await catalog.find(nameOrAlias);
    if (shape === null) throw collectionNotFound(nameOrAlias);
    return new PostgresCollection(catalog, shape, access);
  }

  async list(): Promise<readonly CollectionStats[]> {
    const catalog = this.#catalog;
    const found: CollectionStats[] = [];
    for (const shape of await catalog.list()) {
      const stats = await statsOf(new PostgresCollection(catalog, shape, "read"));
      if (stats !== null) found.push(stats);
    }
    return found;
  }

  async drop(name: string): Promise<void> {
    checkCollectionName(name);
    await this.#catalog.drop(name);
  }

  aliases(): Promise<readonly Alias[]> {
    return this.#catalog.aliases();
  }

  async setAlias(alias: string, collection: string): Promise<void> {
    checkCollectionName(alias);
    checkCollectionName(collection);
    await this.#catalog.setAlias(alias, collection);
  }

  async dropAlias(alias: string): Promise<void> {
    checkCollectionName(alias);
    await this.#catalog.dropAlias(alias);
  }

  #requested(requested = "auto"): IndexType {
    if (requested === "auto") return this.section.indexType;
    const type = indexTypes.find((each) => each === requested.toLowerCase());
    if (type !== undefined) return type;
    throw new HeadraceError("index_invalid", `index: expected one of ${indexTypes.join(", ")}, found ${requested}`, {
      hint: "Leave the index out, and `postgres.index_type` decides.",
    });
  }

  get #catalog(): Catalog {
    if (this.#opened === null)
      throw new HeadraceError("usage_invalid", "postgres: expected open() before any other call, found a store that is not open");
    return this.#opened;
  }
}

/** Another process may drop a collection while they are listed. */
async function statsOf(collection: PostgresCollection): Promise<CollectionStats | null> {
  try {
    return await collection.stats();
  } catch (error) {
    if (HeadraceError.is(error) && error.code === "collection_not_found") return null;
    throw error;
  }
}
