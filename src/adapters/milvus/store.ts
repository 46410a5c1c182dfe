/** Collections in Milvus: creates, opens, lists and drops them. */
import {
  type Alias,
  type Collection,
  type CollectionSchema,
  type CollectionStats,
  type Finding,
  HeadraceError,
  type VectorStore,
} from "../../contracts/index.js";
import { compareText } from "../../filter/index.js";
import { checkAborted, checkCollectionName, checkDrop, checkSchema, mebibyte } from "../../kit/index.js";
import { MilvusAliases } from "./aliases.js";
import { MilvusCollection } from "./collection.js";
import type { CollectionParts } from "./collection-parts.js";
import { MilvusConnection } from "./connection/client.js";
import { Freshness } from "./connection/freshness.js";
import { type CollectionShape, describeCollection, fieldsOf, shapeOf } from "./connection/schema.js";
import { alreadyThere, Creation } from "./creation.js";
import { isForbidden, isNotLoaded } from "./errors.js";
import {
  creationSettings,
  type DeclaredCollection,
  declaredSettings,
  type IndexSettings,
  type IndexType,
  type InsertSection,
  indexTypes,
  insertSection,
  type MilvusSection,
  milvusSection,
} from "./options.js";
import { Queries } from "./queries.js";
import { indexableKeysOf, indexedKeysOf } from "./upkeep/key-index.js";
import { Upkeep } from "./upkeep/upkeep.js";
import { kindOf } from "./upkeep/vector-index.js";
import { Inserter, type InserterOptions } from "./writing/inserter.js";
import { WriteLimiter } from "./writing/write-limiter.js";

export interface MilvusStoreOptions {
  /** Collections that declare their own fields, index and search parameters. Default: none. */
  readonly collections?: readonly DeclaredCollection[];
  /**
   * How rows are sent. "encoded", the default: Headrace encodes the requests itself, and switches to "sdk" when the server does not support
   * such requests. "sdk": the SDK encodes the requests, which is several times slower.
   */
  readonly upsertPath?: InserterOptions["path"];
}

/** Maximum concurrent writes of all collections together. `WriteLimiter` lowers the maximum while the server is overloaded. */
const maxWriters = 8;

/** A missing setting has the default of its section. The store loads no package and opens no connection before `open` is called. */
export function milvusStore(
  milvus: Partial<MilvusSection> = {},
  insert: Partial<InsertSection> = {},
  options: MilvusStoreOptions = {},
): MilvusStore {
  return new MilvusStore({ ...milvusSection.parse({}), ...milvus }, { ...insertSection.parse({}), ...insert }, options);
}

export class MilvusStore implements VectorStore {
  readonly name = "milvus";
  readonly maxWriters = maxWriters;
  readonly #limiter = new WriteLimiter(maxWriters);
  readonly #freshness = new Map<string, Freshness>();
  #opened: MilvusConnection | null = null;

  constructor(
    readonly milvus: MilvusSection,
    readonly insert: InsertSection,
    readonly options: MilvusStoreOptions,
  ) {}

  async open(signal: AbortSignal): Promise<void> {
    checkAborted(signal, "milvus: open");
    this.#opened = await MilvusConnection.open(this.milvus, signal);
  }

  async close(): Promise<void> {
    await this.#opened?.close();
    this.#opened = null;
  }

  async check(signal: AbortSignal): Promise<void> {
    await this.#connection.call("list collections", (client) => client.showCollections(), { signal });
  }

  async diagnose(signal: AbortSignal): Promise<readonly Finding[]> {
    const health = await this.#connection.call("check health", (client) => client.checkHealth(), { signal });
    if (health.isHealthy) return [];
    return [
      {
        severity: "problem",
        part: this.name,
        message: `check health: expected a healthy Milvus, found ${health.reasons.join("; ")}`,
        hint: "Check the server's logs.",
      },
    ];
  }

  async create(name: string, schema: CollectionSchema): Promise<Collection> {
    checkCollectionName(name);
    checkSchema(schema);
    const declared = this.#declared(name);
    const index = this.#indexType(name, schema.index);
    const settings = creationSettings(this.milvus, declared);
    const fields = fieldsOf(schema, { vectorField: this.milvus.vectorField, declared: declared?.schema.fields ?? [], settings });
    if (await this.#exists(name)) {
      await this.#aliases.refuseNew(name);
      throw alreadyThere(name);
    }
    const creation = new Creation(this.#connection, name, index, { settings, insert: this.insert });
    await creation.make({ description: describeCollection(schema, declared?.description ?? "", creation.maker), fields });
    const shape = await this.#shape(name);
    if (shape.maker !== creation.maker) throw alreadyThere(name);
    this.#freshness.delete(name);
    const upkeep = new Upkeep(this.#connection, shape, index, this.#settings(name), this.insert, this.#freshnessOf(name));
    await creation.complete(upkeep);
    return this.#collection(shape, "write", upkeep, "created");
  }

  async openCollection(name: string, access: "read" | "write"): Promise<Collection> {
    checkCollectionName(name);
    const shape = await this.#shape(name);
    const upkeep = this.#upkeep(shape);
    await upkeep.serve();
    return this.#collection(shape, access, upkeep, "found");
  }

  /**
   * Leaves out collections that Headrace did not create, and collections that the configured user may not see. For a collection that is not
   * loaded, the count may be out of date.
   */
  async list(): Promise<readonly CollectionStats[]> {
    const { data } = await this.#connection.call("list collections", (client) => client.showCollections());
    const names = data.map(({ name }) => name).sort(compareText);
    const stats = await Promise.all(names.map((name) => this.#statsOf(name)));
    return stats.filter((each) => each !== null);
  }

  async drop(name: string): Promise<void> {
    checkCollectionName(name);
    checkDrop(name, await this.aliases());
    if (!(await this.#exists(name)))
      throw new HeadraceError("collection_not_found", `drop collection ${name}: expected a collection, found none`);
    await this.#connection.call(`drop ${name}`, (client) => client.dropCollection({ collection_name: name }));
    this.#freshness.delete(name);
  }

  aliases(): Promise<readonly Alias[]> {
    return this.#aliases.list();
  }

  async setAlias(alias: string, collection: string): Promise<void> {
    checkCollectionName(alias);
    checkCollectionName(collection);
    await this.#aliases.set(alias, collection);
  }

  async dropAlias(alias: string): Promise<void> {
    checkCollectionName(alias);
    await this.#aliases.drop(alias);
  }

  async #statsOf(name: string): Promise<CollectionStats | null> {
    try {
      const shape = await this.#shape(name);
      const upkeep = this.#upkeep(shape);
      const stats = (await upkeep.isLoaded()) ? await this.#statsOfLoaded(shape, upkeep) : null;
      if (stats !== null) return stats;
      const counted = await this.#connection.call(`statistics of ${name}`, (client) =>
        client.getCollectionStatistics({ collection_name: name }),
      );
      return {
        ...shape,
        count: Number(counted.data["row_count"]),
        index: kindOf(await upkeep.currentIndex()),
        indexedKeys: await indexedKeysOf(upkeep),
        indexableKeys: indexableKeysOf(upkeep),
      };
    } catch (error) {
      const gone = HeadraceError.is(error) && (error.code === "collection_foreign" || error.code === "collection_not_found");
      if (gone || isForbidden(error)) return null;
      throw error;
    }
  }

  /** Null when another process has released the collection since. */
  async #statsOfLoaded(shape: CollectionShape, upkeep: Upkeep): Promise<CollectionStats | null> {
    try {
      return await this.#collection(shape, "read", upkeep, "found").stats();
    } catch (error) {
      if (isNotLoaded(error)) return null;
      throw error;
    }
  }

  async #exists(name: string): Promise<boolean> {
    const { value } = await this.#connection.call(`look for ${name}`, (client) => client.hasCollection({ collection_name: name }));
    return value === true;
  }

  async #shape(name: string): Promise<CollectionShape> {
    const answer = await this.#connection.call(`collection ${name}`, (client) => client.describeCollection({ collection_name: name }));
    return shapeOf(name, answer);
  }

  #upkeep(shape: CollectionShape): Upkeep {
    const { name } = shape;
    return new Upkeep(this.#connection, shape, this.#indexType(name), this.#settings(name), this.insert, this.#freshnessOf(name));
  }

  #freshnessOf(name: string): Freshness {
    const freshness = this.#freshness.get(name) ?? new Freshness();
    this.#freshness.set(name, freshness);
    return freshness;
  }

  #collection(shape: CollectionShape, access: "read" | "write", upkeep: Upkeep, origin: CollectionParts["origin"]): MilvusCollection {
    const { options } = this;
    const connection = this.#connection;
    const { freshness } = upkeep;
    const queries = new Queries(connection, shape, freshness, upkeep, this.#settings(shape.name), this.milvus.consistencyLevel);
    const inserter = new Inserter(connection, shape, this.#limiter, freshness, {
      maxBytes: this.insert.maxBytesMb * mebibyte,
      ...(options.upsertPath === undefined ? {} : { path: options.upsertPath }),
    });
    return new MilvusCollection({ shape, access, origin, queries, inserter, upkeep, freshness });
  }

  #declared(name: string): DeclaredCollection | undefined {
    return this.options.collections?.find((each) => each.name === name);
  }

  /** The index type is that of the argument, else that of the entry in `collections`, else `milvus.index_type`. */
  #indexType(name: string, requested = "auto"): IndexType {
    if (requested !== "auto") {
      const type = indexTypes.find((each) => each === requested.toUpperCase());
      if (type === undefined)
        throw new HeadraceError("index_invalid", `index: expected one of ${indexTypes.join(", ")}, found ${requested}`, {
          hint: "Leave the index out, and `milvus.index_type` decides.",
        });
      return type;
    }
    return this.#declared(name)?.index.indexType ?? this.milvus.indexType;
  }

  #settings(name: string): IndexSettings {
    const declared = this.#declared(name);
    if (declared === undefined) return this.milvus;
    return { ...this.milvus, ...declaredSettings(declared) };
  }

  get #aliases(): MilvusAliases {
    return new MilvusAliases(this.#connection);
  }

  get #connection(): MilvusConnection {
    if (this.#opened === null)
      throw new HeadraceError("usage_invalid", "milvus: expected open() before any other call, found a store that is not open");
    return this.#opened;
  }
}
