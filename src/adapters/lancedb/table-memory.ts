/** What all handles of a table share, so that a service which opens a handle per request does not read the same things again. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Table } from "@lancedb/lancedb";
import type { Passport } from "../../contracts/index.js";
import { fitWithoutIndex, type LoadedRows, NewestRows } from "./newest-rows.js";
import { readJsonFile } from "./table/folder-files.js";
import { CountsOfVersion, FactsOfVersion, passportFile, type TablePlace } from "./table/table-facts.js";
import type { TableFacts } from "./table/table-schema.js";
import { vectorIndexState } from "./upkeep/vector-index.js";

/** The owner of rows that are in memory because the table has no index. */
const noIndex = "no index";

export class TableMemory {
  readonly facts: FactsOfVersion;
  readonly counts = new CountsOfVersion();
  readonly newest = new NewestRows();
  readonly #place: TablePlace;
  #passport: { readonly of: string; readonly read: Promise<Passport | null> } | null = null;

  constructor(place: TablePlace) {
    this.#place = place;
    this.facts = new FactsOfVersion(place);
  }

  /** The properties of the collection, with its present passport. Throws `collection_foreign` for a table without the columns of one. */
  async factsWithPassport(table: Table): Promise<TableFacts> {
    const [facts, passport] = await Promise.all([this.facts.of(table), this.#readPassport()]);
    return { ...facts, passport: passport ?? facts.passport };
  }

  /** All rows of a small table without a vector index. Null: the table has one, or too many rows. */
  async allRows(table: Table, version: number): Promise<LoadedRows | null> {
    return (await vectorIndexState(table)) === null ? this.unindexedRows(table, version) : null;
  }

  /** All rows of a table that has no vector index. Null: they are too many. */
  async unindexedRows(table: Table, version: number): Promise<LoadedRows | null> {
    const facts = await this.facts.of(table, version);
    const rows = await this.counts.of(table, version, null);
    return fitWithoutIndex(rows, facts) ? this.newest.load(table, facts, { version, ownerId: noIndex, rows }) : null;
  }

  /** The file is replaced, never changed, so another passport is another file. */
  async #readPassport(): Promise<Passport | null> {
    const path = join(this.#place.folder, passportFile);
    const file = await identityOf(path);
    if (file === null) return null;
    if (this.#passport?.of !== file) {
      const read = readJsonFile<Passport>(path);
      this.#passport = { of: file, read };
      read.catch(() => {
        this.#passport = null;
      });
    }
    return this.#passport.read;
  }
}

/** The rows of one table take up to 32 MiB, so only the memories of the tables that were used last are kept. */
const maxTables = 8;

/** The memories of the tables of a store, by name. */
export class TableMemories {
  /** The table that was used longest ago comes first. */
  readonly #known = new Map<string, { readonly folder: string; readonly memory: TableMemory }>();

  /** A table that was dropped and made again, also by another process, has a new memory: its versions and row ids begin again. */
  async of(place: TablePlace): Promise<TableMemory> {
    const folder = (await identityOf(place.folder)) ?? "";
    const known = this.#known.get(place.name);
    const memory = known?.folder === folder ? known.memory : new TableMemory(place);
    this.#known.delete(place.name);
    this.#known.set(place.name, { folder, memory });
    for (const name of [...this.#known.keys()].slice(0, -maxTables)) this.#known.delete(name);
    return memory;
  }

  forget(name: string): void {
    this.#known.delete(name);
  }
}

/** Names a file or folder. One that is deleted and made again has another name. Null: it does not exist. */
async function identityOf(path: string): Promise<string | null> {
  try {
    const { ino, birthtimeMs } = await stat(path);
    return `${ino} ${birthtimeMs}`;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw cause;
  }
}
