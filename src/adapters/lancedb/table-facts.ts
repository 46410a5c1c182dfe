/** Reads the properties of a collection from the table's schema and from the passport file in its folder. */
import { open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import type { Table } from "@lancedb/lancedb";
import { HeadraceError, type Passport } from "../../contracts/index.js";
import { type TableFacts, tableFacts } from "./table-schema.js";
import type { Vendor } from "./vendor.js";

/**
 * The file of the passport. Earlier builds stored the passport in the table's schema, and LanceDB copies the schema into each version and
 * each file of rows. A passport for vectors of 1,280 numbers has 77 kB.
 */
const passportFile = "headrace-passport.json";

export interface TablePlace {
  readonly vendor: Vendor;
  /** Name of the collection. */
  readonly name: string;
  /** The folder of the table. */
  readonly folder: string;
}

/** Throws `collection_foreign` for a table without the columns of a collection. */
export async function readFacts({ vendor, name, folder }: TablePlace, table: Table): Promise<TableFacts> {
  const facts = tableFacts(vendor, name, await table.schema());
  return { ...facts, passport: (await readPassport(folder)) ?? facts.passport };
}

/** Replaces the passport file atomically. */
export async function writePassport(folder: string, passport: Passport): Promise<void> {
  const path = join(folder, passportFile);
  const draft = await open(`${path}.draft`, "w");
  try {
    await draft.writeFile(JSON.stringify(passport));
    await draft.sync();
  } finally {
    await draft.close();
  }
  await rename(`${path}.draft`, path);
}

async function readPassport(folder: string): Promise<Passport | null> {
  const path = join(folder, passportFile);
  try {
    return JSON.parse(await readFile(path, "utf8")) as Passport;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return null;
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new HeadraceError("collection_foreign", `passport: ${path}: expected JSON, found something else`, { cause });
  }
}
