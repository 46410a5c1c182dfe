/** Headrace's own tables: the collections, their aliases, and the types of their metadata keys. */
import { type Alias, type CollectionSchema, HeadraceError, type Metric, type Passport } from "../../contracts/index.js";
import {
  aliasIsCollection,
  aliasNotFound,
  aliasTargetMissing,
  checkDrop,
  comparePassports,
  type MetadataType,
  nameIsAlias,
  passportMismatch,
  type VectorType,
} from "../../kit/index.js";
import type { PostgresConnection, Session, SqlRow } from "./connection.js";
import type { Database } from "./database.js";
import { collectionNotFound, isMissingTable } from "./errors.js";
import { tableName } from "./names.js";
import type { IndexType } from "./options.js";

/** A collection as the catalogue describes it. */
export interface CollectionShape {
  readonly name: string;
  /** Name of the table, without schema. */
  readonly table: string;
  readonly dimension: number;
  readonly metric: Metric;
  readonly idType: "text" | "int64";
  readonly vectorType: VectorType;
  readonly indexType: IndexType;
  readonly passport: Passport | null;
}

export class Catalog {
  constructor(
    readonly connection: PostgresConnection,
    readonly database: Database,
    /** Maximum bytes of the vectors in one statement. */
    readonly maxWriteBytes: number,
  ) {}

  /** Throws `collection_exists`. */
  async create(name: string, schema: CollectionSchema, indexType: IndexType): Promise<CollectionShape> {
    const { database } = this;
    const { dimension, metric, idType = "text", passport } = schema;
    const { vectorType, tablePrefix } = database.section;
    const table = tableName(tablePrefix, name);
    await this.#changed(`create collection ${name}`, async (session) => {
      for (const text of ownTables(database)) await session.run({ text });
      const meant = await this.#meaning(session, name);
      if (meant === name) throw exists(name);
      if (meant !== null) throw nameIsAlias(name, meant);
      for (const text of tableOf(database, { table, dimension, idType, vectorType })) await session.run({ text });
      await session.run({
        text: `INSERT INTO ${database.own("collections")} (name, table_name, dimension, metric, id_type, vector_type, index_type, passport)
          VALUES ($1, $2, $3, $4, $5, $6, $7, $8::jsonb)`,
        values: [name, table, dimension, metric, idType, vectorType, indexType, jsonOf(passport)],
      });
    });
    const shape = await this.find(name);
    if (shape === null) throw collectionNotFound(name);
    return shape;
  }

  /** Returns the collection with this name or alias. */
  async find(nameOrAlias: string, signal?: AbortSignal): Promise<CollectionShape | null> {
    const { database } = this;
    const text = `SELECT c.* FROM ${database.own("collections")} c WHERE c.name = $1
      UNION ALL SELECT c.* FROM ${database.own("aliases")} a JOIN ${database.own("collections")} c ON c.name = a.collection WHERE a.alias = $1`;
    const [row] = await this.#read(`collection ${nameOrAlias}`, { text, values: [nameOrAlias] }, signal);
    return row === undefined ? null : shapeOf(row);
  }

  async list(): Promise<readonly CollectionShape[]> {
    const text = `SELECT * FROM ${this.database.own("collections")} ORDER BY name`;
    return (await this.#read("list collections", { text })).map(shapeOf);
  }

  async drop(name: string): Promise<void> {
    const { database } = this;
    await this.#changed(`drop collection ${name}`, async (session) => {
      checkDrop(name, await aliasesIn(session, database));
      const text = `DELETE FROM ${database.own("collections")} WHERE name = $1 RETURNING table_name`;
      const [row] = await session.run({ text, values: [name] });
      if (row === undefined) throw collectionNotFound(name);
      await session.run({ text: `DELETE FROM ${database.own("columns")} WHERE collection = $1`, values: [name] });
      await session.run({ text: `DROP TABLE IF EXISTS ${database.table(String(row["table_name"]))}` });
    }).catch((error: unknown) => {
      throw isMissingTable(error) ? collectionNotFound(name) : error;
    });
  }

  async aliases(): Promise<readonly Alias[]> {
    return (await this.#read("list aliases", { text: aliasesText(this.database) })).map(aliasOf);
  }

  /** Throws `collection_exists` and `collection_not_found`. */
  async setAlias(alias: string, collection: string): Promise<void> {
    const { database } = this;
    await this.#changed(`set alias ${alias}`, async (session) => {
      if ((await this.#meaning(session, alias)) === alias) throw aliasIsCollection(alias);
      if ((await this.#meaning(session, collection)) !== collection) throw aliasTargetMissing(alias, collection);
      const text = `INSERT INTO ${database.own("aliases")} (alias, collection) VALUES ($1, $2)
        ON CONFLICT (alias) DO UPDATE SET collection = excluded.collection`;
      await session.run({ text, values: [alias, collection] });
    }).catch((error: unknown) => {
      throw isMissingTable(error) ? aliasTargetMissing(alias, collection, error) : error;
    });
  }

  /** Throws `alias_not_found`. */
  async dropAlias(alias: string): Promise<void> {
    const text = `DELETE FROM ${this.database.own("aliases")} WHERE alias = $1 RETURNING alias`;
    if ((await this.#read(`drop alias ${alias}`, { text, values: [alias] })).length === 0) throw aliasNotFound(alias);
  }

  /** Returns the passport that is stored after the call. Throws `passport_mismatch` if another process has set that of another model. */
  async setPassport({ name, metric }: CollectionShape, known: Passport | null, passport: Passport): Promise<Passport> {
    const { database } = this;
    return this.#changed(`collection ${name}: set the passport`, async (session) => {
      const text = `SELECT passport FROM ${database.own("collections")} WHERE name = $1`;
      const [row] = await session.run({ text, values: [name] });
      if (row === undefined) throw collectionNotFound(name);
      const stored = row["passport"] as Passport | null;
      if (stored !== null && known === null) {
        if (!comparePassports(stored, passport, metric).same) throw passportMismatch(stored, passport, name, { metric });
        return stored;
      }
      await session.run({
        text: `UPDATE ${database.own("collections")} SET passport = $2::jsonb WHERE name = $1`,
        values: [name, jsonOf(passport)],
      });
      return structuredClone(passport);
    });
  }

  /** The metadata keys of a collection, with the types of their values. */
  async columns(name: string, signal?: AbortSignal): Promise<Map<string, MetadataType>> {
    const text = `SELECT name, type FROM ${this.database.own("columns")} WHERE collection = $1`;
    const rows = await this.#read(`collection ${name}: read the metadata keys`, { text, values: [name] }, signal);
    return new Map(rows.map((row) => [String(row["name"]), row["type"] as MetadataType]));
  }

  /** Keys that are registered already keep their type. */
  async addColumns(name: string, columns: ReadonlyMap<string, MetadataType>, signal: AbortSignal): Promise<void> {
    const text = `INSERT INTO ${this.database.own("columns")} (collection, name, type)
      SELECT $1, * FROM unnest($2::text[], $3::text[]) ORDER BY 2 ON CONFLICT DO NOTHING`;
    const values = [name, [...columns.keys()], [...columns.values()]];
    await this.connection.query(`collection ${name}: register metadata keys`, { text, values }, { signal });
  }

  /** Before the first collection is created, the tables are missing. */
  async #read(
    call: string,
    statement: { readonly text: string; readonly values?: readonly unknown[] },
    signal?: AbortSignal,
  ): Promise<readonly SqlRow[]> {
    try {
      return await this.connection.query(call, statement, { signal });
    } catch (error) {
      if (isMissingTable(error)) return [];
      throw error;
    }
  }

  /** One process at a time changes collections and aliases, so that names stay unique among both. The lock ends with the transaction. */
  #changed<T>(call: string, work: (session: Session) => Promise<T>): Promise<T> {
    const lock = `headrace ${this.database.own("collections")}`;
    return this.connection.transaction(call, async (session) => {
      await session.run({ text: "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", values: [lock] });
      return work(session);
    });
  }

  /** The collection that a name stands for. Null: no collection and no alias has the name. */
  async #meaning(session: Session, name: string): Promise<string | null> {
    const { database } = this;
    const text = `SELECT name FROM ${database.own("collections")} WHERE name = $1
      UNION ALL SELECT collection FROM ${database.own("aliases")} WHERE alias = $1`;
    const [row] = await session.run({ text, values: [name] });
    return row === undefined ? null : String(row["name"]);
  }
}

function ownTables(database: Database): readonly string[] {
  const key = `text COLLATE "C" NOT NULL`;
  return [
    ...(database.section.schema === null ? [] : [`CREATE SCHEMA IF NOT EXISTS ${database.schema}`]),
    `CREATE TABLE IF NOT EXISTS ${database.own("collections")} (name ${key} PRIMARY KEY, table_name text NOT NULL, dimension integer NOT NULL,
      metric text NOT NULL, id_type text NOT NULL, vector_type text NOT NULL, index_type text NOT NULL, passport jsonb)`,
    `CREATE TABLE IF NOT EXISTS ${database.own("aliases")} (alias ${key} PRIMARY KEY, collection text COLLATE "C" NOT NULL)`,
    `CREATE TABLE IF NOT EXISTS ${database.own("columns")} (collection ${key}, name ${key}, type text NOT NULL, PRIMARY KEY (collection, name))`,
  ];
}

/** Rows of up to 8 kB keep their vector beside the other columns. By default, vectors of 500 numbers would be in a table of their own. */
function tableOf(
  database: Database,
  { table, dimension, idType, vectorType }: Pick<CollectionShape, "table" | "dimension" | "idType" | "vectorType">,
): readonly string[] {
  const text = `text COLLATE "C" NOT NULL`;
  const id = idType === "text" ? `text COLLATE "C"` : "bigint";
  const vector = `${database.extension}.${vectorType === "float16" ? "halfvec" : "vector"}(${dimension})`;
  return [
    `CREATE TABLE ${database.table(table)} (id ${id} PRIMARY KEY, embedding ${vector} NOT NULL, source ${text}, root ${text}, version ${text},
      content ${text}, metadata jsonb NOT NULL, metadata_hash ${text}, width integer NOT NULL, height integer NOT NULL,
      ingested_at bigint NOT NULL) WITH (toast_tuple_target = 8160)`,
    `CREATE INDEX ON ${database.table(table)} (content) WHERE content <> ''`,
  ];
}

function shapeOf(row: SqlRow): CollectionShape {
  return {
    name: String(row["name"]),
    table: String(row["table_name"]),
    dimension: Number(row["dimension"]),
    metric: row["metric"] as Metric,
    idType: row["id_type"] as "text" | "int64",
    vectorType: row["vector_type"] as VectorType,
    indexType: row["index_type"] as IndexType,
    passport: row["passport"] as Passport | null,
  };
}

function aliasesText(database: Database): string {
  return `SELECT alias, collection FROM ${database.own("aliases")} ORDER BY alias`;
}

async function aliasesIn(session: Session, database: Database): Promise<readonly Alias[]> {
  return (await session.run({ text: aliasesText(database) })).map(aliasOf);
}

function aliasOf(row: SqlRow): Alias {
  return { alias: String(row["alias"]), collection: String(row["collection"]) };
}

function jsonOf(passport: Passport | null): string | null {
  return passport === null ? null : JSON.stringify(passport);
}

function exists(name: string): HeadraceError {
  return new HeadraceError("collection_exists", `create collection ${name}: expected a new name, found a collection`, { item: name });
}
