/** Stores each collection as a LanceDB table in a local folder. */
import { constants, existsSync } from "node:fs";
import { access } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Connection, Table } from "@lancedb/lancedb";
import {
  type Alias,
  type Collection,
  type CollectionSchema,
  type CollectionStats,
  HeadraceError,
  type VectorStore,
} from "../../contracts/index.js";
import { checkAborted, checkCollectionName, checkDrop, checkSchema, nameIsAlias, resolveAlias, type VectorType } from "../../kit/index.js";
import { AliasFile } from "./alias-file.js";
import { LanceCollection } from "./collection.js";
import { collectionNotFound, fromLanceError, isCollectionNotFound, openHere } from "./errors.js";
import type { LancedbSection, LanceStoreOptions } from "./options.js";
import { connect, newSession } from "./table/cached-connection.js";
import { readFacts, writePassport } from "./table/table-facts.js";
import { newTableSchema, type TableFacts } from "./table/table-schema.js";
import { loadVendor, type Vendor } from "./table/vendor.js";
import { TableMemories } from "./table-memory.js";
import { isCollectionName, TableNames } from "./table-names.js";
import { indexKind } from "./upkeep/vector-index.js";
import { TableWriter } from "./writing/table-writer.js";
import { groupLimits } from "./writing/write-group.js";
import { type TakeOptions, WriterLock } from "./writing/writer-lock.js";
import { TableWriters, type WriterLease } from "./writing/writers.js";

interface Connections {
  /** Its tables look for a new version before each call to LanceDB. */
  readonly writing: Connection;
  /** Its tables stay at one version until they are told to look for a new one. A search consists of five calls to LanceDB. */
  readonly reading: Connection;
}

/** A folder with collections. Only one process at a time can write to a collection. Any number of processes can read it. */
export class LanceStore implements VectorStore {
  readonly name = "lancedb";
  /** One, because two concurrent upserts of the same new key would store two rows in LanceDB. */
  readonly maxWriters = 1;
  readonly gathers = groupLimits;
  readonly path: string;
  readonly #cacheBytes: number;
  #vendor: Vendor | null = null;
  #connecting: Promise<Connections> | null = null;
  readonly #writers = new TableWriters();
  readonly #vectorType: VectorType;
  readonly #memories = new TableMemories();
  readonly #names: TableNames;
  readonly #aliasFile: AliasFile;
  readonly #locking: TakeOptions;
  readonly #marks: LanceStoreOptions["marks"];

  constructor({ path, cacheMb, vectorType }: LancedbSection, { onLockHeld, marks }: LanceStoreOptions = {}) {
    this.#locking = { onHeld: onLockHeld };
    this.#marks = marks;
    this.path = resolve(path);
    this.#names = new TableNames(this.path);
    this.#aliasFile = new AliasFile(this.path, (name) => this.#has(name));
    this.#vectorType = vectorType;
    this.#cacheBytes = cacheMb * 1024 * 1024;
  }

  async open(signal: AbortSignal): Promise<void> {
    checkAborted(signal, "LanceDB: open");
    this.#vendor = await loadVendor();
    if (existsSync(this.path)) await this.#connections();
  }

  async close(): Promise<void> {
    const connecting = this.#connecting;
    this.#vendor = null;
    this.#connecting = null;
    const connections = await connecting?.catch(() => null);
    connections?.writing.close();
    connections?.reading.close();
  }

  async create(name: string, schema: CollectionSchema): Promise<Collection> {
    checkCollectionName(name);
    checkSchema(schema);
    indexKind(schema.index ?? "auto", schema.dimension);
    const vendor = this.#loaded();
    await this.#checkNew(name);
    const { writing } = await this.#connections();
    const create = (): Promise<Table> =>
      this.#aliasFile.whileUnchanged(async (aliases) => {
        await this.#checkNew(name);
        const meant = resolveAlias(name, aliases);
        if (meant !== name) throw nameIsAlias(name, meant);
        const table = await writing.createEmptyTable(name, newTableSchema(vendor, schema, this.#vectorType));
        if (schema.passport !== null) await writePassport(this.#names.folderOf(name), schema.passport);
        return table;
      });
    return this.#handle(name, await this.#writers.first(name, () => this.#openWriter(vendor, name, create)));
  }

  /** All handles of one table that this store opens for writing share the writer's lock. Their writes run one after the other. */
  async openCollection(nameOrAlias: string, access: "read" | "write"): Promise<Collection> {
    checkCollectionName(nameOrAlias);
    const vendor = this.#loaded();
    if (access === "read") return this.#openToRead(vendor, nameOrAlias);
    const name = await this.#aliasFile.resolve(nameOrAlias);
    if (!(await this.#has(name))) throw collectionNotFound(nameOrAlias);
    const { writing } = await this.#connections();
    const lease = await this.#writers.share(name, () => this.#openWriter(vendor, name, () => writing.openTable(name)));
    // Another process may have set the alias to another collection while this call waited for the writer's lock.
    if ((await this.#aliasFile.resolve(nameOrAlias)) === name) return this.#handle(name, lease);
    await lease.release();
    return this.openCollection(nameOrAlias, access);
  }

  /** No alias has the name of a collection. So aliases are looked up only if there is no collection of the name. */
  async #openToRead(vendor: Vendor, nameOrAlias: string): Promise<Collection> {
    try {
      return await this.#reader(vendor, nameOrAlias);
    } catch (error) {
      if (!isCollectionNotFound(error)) throw error;
    }
    const name = await this.#aliasFile.resolve(nameOrAlias);
    if (name === nameOrAlias) throw collectionNotFound(name);
    return this.#reader(vendor, name);
  }

  #reader(vendor: Vendor, name: string): Promise<Collection> {
    return this.#call(`collection ${name}: open`, async () => {
      await this.#names.checkFolder(name);
      const { reading } = await this.#connections();
      const table = await reading.openTable(name);
      const place = { vendor, name, folder: this.#names.folderOf(name) };
      const memory = await this.#memories.of(place);
      const facts = await orClosed(table, () => memory.factsWithPassport(table));
      return new LanceCollection({ ...place, table, facts, memory, lease: null });
    });
  }

  async list(): Promise<readonly CollectionStats[]> {
    this.#loaded();
    if (!existsSync(this.path)) return [];
    const { reading } = await this.#connections();
    const names = await this.#call("list", () => reading.tableNames());
    const found: CollectionStats[] = [];
    for (const name of names.filter(isCollectionName)) {
      const stats = await this.#statsOf(name);
      if (stats !== null) found.push(stats);
    }
    return found;
  }

  /** Also removes the folder that an interrupted creation left without a table. Throws `lock_held` while the collection has a writer. */
  async drop(name: string): Promise<void> {
    checkCollectionName(name);
    this.#loaded();
    checkDrop(name, await this.aliases());
    await this.#call(`collection ${name}: look`, () => this.#names.checkFolder(name));
    const { writing } = await this.#connections();
    await this.#writers.alone(name, async ({ isOpen }) => {
      if (isOpen) throw openHere(name);
      const lock = await WriterLock.take(this.#lockPath(name), `collection ${name}`, this.#locking);
      try {
        await this.#aliasFile.whileUnchanged(async (aliases) => {
          checkDrop(name, aliases);
          await this.#call(`collection ${name}: drop`, () => writing.dropTable(name));
        });
        this.#memories.forget(name);
      } finally {
        await lock.release();
      }
    });
  }

  aliases(): Promise<readonly Alias[]> {
    this.#loaded();
    return this.#aliasFile.list();
  }

  async setAlias(alias: string, collection: string): Promise<void> {
    checkCollectionName(alias);
    checkCollectionName(collection);
    this.#loaded();
    await this.#call(`alias ${alias}: set`, () => this.#aliasFile.set(alias, collection));
  }

  async dropAlias(alias: string): Promise<void> {
    checkCollectionName(alias);
    this.#loaded();
    await this.#call(`alias ${alias}: drop`, () => this.#aliasFile.drop(alias));
  }

  async check(signal: AbortSignal): Promise<void> {
    checkAborted(signal, "LanceDB: check");
    this.#loaded();
    if (!existsSync(this.path)) return this.#call("check", () => access(`${nearestFolder(this.path)}/`, constants.W_OK | constants.X_OK));
    const { reading } = await this.#connections();
    await this.#call("check", () => reading.tableNames());
  }

  async #handle(name: string, lease: WriterLease): Promise<Collection> {
    const { table, facts } = lease.writer;
    const place = { vendor: this.#loaded(), name, folder: this.#names.folderOf(name) };
    return new LanceCollection({ ...place, table, facts, memory: await this.#memories.of(place), lease });
  }

  async #openWriter(vendor: Vendor, name: string, open: () => Promise<Table>): Promise<TableWriter> {
    const lock = await WriterLock.take(this.#lockPath(name), `collection ${name}`, this.#locking);
    try {
      const table = await open();
      const place = { vendor, name, folder: this.#names.folderOf(name) };
      return new TableWriter({
        ...place,
        table,
        facts: await orClosed(table, () => readFacts(place, table)),
        rows: await table.countRows(),
        lock,
        marks: this.#marks,
      });
    } catch (cause) {
      await lock.release();
      throw fromLanceError(`collection ${name}: open`, cause);
    }
  }

  /** Returns null for a table that is not a collection, and for a table that was dropped after it was listed. */
  async #statsOf(name: string): Promise<CollectionStats | null> {
    try {
      const collection = await this.openCollection(name, "read");
      try {
        return await collection.stats();
      } finally {
        await collection.close();
      }
    } catch (error) {
      if (HeadraceError.is(error) && (error.code === "collection_foreign" || error.code === "collection_not_found")) return null;
      throw error;
    }
  }

  #has(name: string): Promise<boolean> {
    return this.#call(`collection ${name}: look`, () => this.#names.has(name));
  }

  #checkNew(name: string): Promise<void> {
    return this.#call(`collection ${name}: look`, () => this.#names.checkNew(name));
  }

  #lockPath(name: string): string {
    return join(this.path, `${name}.lock`);
  }

  /** LanceDB creates the folder when it connects. Calls that only read therefore do not connect while the folder does not exist. */
  #connections(): Promise<Connections> {
    this.#connecting ??= this.#call("open", () => this.#connect()).catch((error: unknown) => {
      this.#connecting = null;
      throw error;
    });
    return this.#connecting;
  }

  async #connect(): Promise<Connections> {
    const vendor = this.#loaded();
    const session = newSession(vendor, this.#cacheBytes);
    const writing = await connect(vendor, this.path, { session, readConsistencyInterval: 0 });
    return { writing, reading: await connect(vendor, this.path, { session }) };
  }

  #loaded(): Vendor {
    if (this.#vendor !== null) return this.#vendor;
    throw new HeadraceError("usage_invalid", "LanceDB: expected to be open, found it closed");
  }

  async #call<T>(what: string, call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (cause) {
      throw fromLanceError(`LanceDB in ${this.path}: ${what}`, cause);
    }
  }
}

/** Closes the table if the properties of the collection cannot be read, for example because the table is not a collection. */
async function orClosed(table: Table, read: () => Promise<TableFacts>): Promise<TableFacts> {
  try {
    return await read();
  } catch (cause) {
    table.close();
    throw cause;
  }
}

function nearestFolder(path: string): string {
  const folder = dirname(path);
  return existsSync(folder) ? folder : nearestFolder(folder);
}
