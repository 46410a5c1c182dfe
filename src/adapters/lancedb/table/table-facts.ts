/** Reads the properties of a collection from the table's schema and from the passport file in its folder. */
import { join } from "node:path";
import type { Table } from "@lancedb/lancedb";
import type { Passport } from "../../../contracts/index.js";
import { readJsonFile, writeJsonFile } from "./folder-files.js";
import { type TableFacts, tableFacts } from "./table-schema.js";
import type { Vendor } from "./vendor.js";

/**
 * The file of the passport. Earlier builds stored the passport in the table's schema, and LanceDB copies the schema into each version and
 * each file of rows. A passport for vectors of 1,280 numbers has 77 kB.
 */
export const passportFile = "headrace-passport.json";

export interface TablePlace {
  readonly vendor: Vendor;
  /** Name of the collection. */
  readonly name: string;
  /** The folder of the table. */
  readonly folder: string;
}

/** The properties of a table, read again only when the table has a new version. Reading the schema takes a millisecond. */
export class FactsOfVersion {
  #known: { readonly version: number; readonly facts: TableFacts } | null = null;

  constructor(readonly place: Pick<TablePlace, "vendor" | "name">) {}

  /** `current`: the current version of the table, if the caller knows it. */
  async of(table: Table, current?: number): Promise<TableFacts> {
    const version = current ?? (await table.version());
    if (this.#known?.version !== version) {
      const facts = tableFacts(this.place.vendor, this.place.name, await table.schema());
      this.#known = { version, facts };
    }
    return this.#known.facts;
  }
}

/** Most filters whose counts are kept. */
const maxCounts = 100;

/** The numbers of rows that match filters, counted again only when the table has a new version. Counting takes 1 to 4 ms. */
export class CountsOfVersion {
  #version: number | null = null;
  readonly #counts = new Map<string | null, number>();

  /** `where`: the filter in SQL. null: all rows. */
  async of(table: Table, version: number, where: string | null): Promise<number> {
    if (this.#version !== version || this.#counts.size >= maxCounts) this.#counts.clear();
    this.#version = version;
    const known = this.#counts.get(where);
    if (known !== undefined) return known;
    const count = await table.countRows(where ?? undefined);
    if (this.#version === version) this.#counts.set(where, count);
    return count;
  }
}

/** Throws `collection_foreign` for a table without the columns of a collection. */
export async function readFacts({ vendor, name, folder }: TablePlace, table: Table): Promise<TableFacts> {
  const facts = tableFacts(vendor, name, await table.schema());
  return { ...facts, passport: (await readJsonFile<Passport>(join(folder, passportFile))) ?? facts.passport };
}

/** Replaces the passport file atomically. */
export async function writePassport(folder: string, passport: Passport): Promise<void> {
  await writeJsonFile(join(folder, passportFile), passport);
}
