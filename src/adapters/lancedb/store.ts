/** LanceDB: collections as tables in a local folder. */
import { constants, existsSync } from "node:fs";
import { access } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Connection, Table } from "@lancedb/lancedb";
import { type Collection, type CollectionSchema, type CollectionStats, HeadraceError, type VectorStore } from "../../contracts/index.js";
import { checkAborted, checkCollectionName, checkSchema } from "../../kit/index.js";
import { LanceCollection } from "./collection.js";
import { collectionExists, collectionNotFound, fromLanceError } from "./errors.js";
import type { LancedbSection } from "./options.js";
import { newTableSchema, tableFacts } from "./table-schema.js";
import { indexKind } from "./upkeep.js";
import { loadVendor, type Vendor } from "./vendor.js";
import { WriterLock } from "./writer-lock.js";

/** Collections in a folder of this machine. One writer a collection, any number of readers, in any number of processes. */
export class LanceStore implements VectorStore {
  readonly name = "lancedb";
  /** LanceDB's concurrent merges of one key store it twice. */
  readonly maxWriters = 1;
  readonly path: string;
  #vendor: Vendor | null = null;
  #connecting: Promise<Connection> | null = null;

  constructor(section: LancedbSection) {
    this.path = resolve(section.path);
  }

  async open(signal: AbortSignal): Promise<void> {
    checkAborted(signal, "LanceDB: open");
    this.#vendor = await loadVendor();
    if (existsSync(this.path)) await this.#connection();
  }

  async close(): Promise<void> {
    const connecting = this.#connecting;
    this.#vendor = null;
    this.#connecting = null;
    (await connecting?.catch(() => null))?.close();
  }

  async create(name: string, schema: CollectionSchema): Promise<Collection> {
    checkCollectionName(name);
    checkSchema(schema);
    indexKind(schema.index ?? "auto", schema.dimension);
    const vendor = this.#loaded();
    if (this.#has(name)) throw collectionExists(name);
    const connection = await this.#connection();
    return this.#locked(name, () => connection.createEmptyTable(name, newTableSchema(vendor, schema)));
  }

  async openCollection(name: string, access: "read" | "write"): Promise<Collection> {
    checkCollectionName(name);
    this.#loaded();
    if (!this.#has(name)) throw collectionNotFound(name);
    const connection = await this.#connection();
    if (access === "write") return this.#locked(name, () => connection.openTable(name));
    const table = await this.#call(`collection ${name}: open`, () => connection.openTable(name));
    return this.#collection(name, table, null);
  }

  async list(): Promise<readonly CollectionStats[]> {
    this.#loaded();
    if (!existsSync(this.path)) return [];
    const connection = await this.#connection();
    const names = await this.#call("list", () => connection.tableNames());
    const found: CollectionStats[] = [];
    for (const name of names.filter(isCollectionName)) {
      const stats = await this.#statsOf(name);
      if (stats !== null) found.push(stats);
    }
    return found;
  }

  async drop(name: string): Promise<void> {
    checkCollectionName(name);
    this.#loaded();
    if (!this.#has(name)) throw collectionNotFound(name);
    const connection = await this.#connection();
    const lock = await WriterLock.take(this.#lockPath(name), `collection ${name}`);
    try {
      await this.#call(`collection ${name}: drop`, () => connection.dropTable(name));
    } finally {
      await lock.release();
    }
  }

  async check(signal: AbortSignal): Promise<void> {
    checkAborted(signal, "LanceDB: check");
    this.#loaded();
    if (!existsSync(this.path)) return this.#call("check", () => access(`${nearestFolder(this.path)}/`, constants.W_OK | constants.X_OK));
    const connection = await this.#connection();
    await this.#call("check", () => connection.tableNames());
  }

  async #locked(name: string, table: () => Promise<Table>): Promise<Collection> {
    const lock = await WriterLock.take(this.#lockPath(name), `collection ${name}`);
    try {
      return await this.#collection(name, await table(), lock);
    } catch (cause) {
      await lock.release();
      throw fromLanceError(`collection ${name}: open`, cause);
    }
  }

  async #collection(name: string, table: Table, lock: WriterLock | null): Promise<LanceCollection> {
    const vendor = this.#loaded();
    try {
      const facts = tableFacts(vendor, name, await table.schema());
      return new LanceCollection({ vendor, name, table, facts, lock });
    } catch (cause) {
      table.close();
      throw fromLanceError(`collection ${name}: open`, cause);
    }
  }

  /** Null for the tables of others, and for one that was dropped meanwhile. */
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

  #has(name: string): boolean {
    return existsSync(join(this.path, `${name}.lance`));
  }

  #lockPath(name: string): string {
    return join(this.path, `${name}.lock`);
  }

  /** Connecting creates the folder, so that nothing but the first write does it where there is none. */
  #connection(): Promise<Connection> {
    const { lancedb } = this.#loaded();
    // 0: every call sees what other handles and processes have written.
    this.#connecting ??= this.#call("open", () => lancedb.connect(this.path, { readConsistencyInterval: 0 })).catch((error: unknown) => {
      this.#connecting = null;
      throw error;
    });
    return this.#connecting;
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

function nearestFolder(path: string): string {
  const folder = dirname(path);
  return existsSync(folder) ? folder : nearestFolder(folder);
}

function isCollectionName(name: string): boolean {
  try {
    checkCollectionName(name);
    return true;
  } catch {
    return false;
  }
}
