/** What is known of the database: its versions, and where its types and tables are. */
import { HeadraceError } from "../../contracts/index.js";
import type { PostgresConnection } from "./connection.js";
import { isRefused } from "./errors.js";
import { quoteName, tableName } from "./names.js";
import { type PostgresSection, placeOf } from "./options.js";

const minServer = 130_000;
const minVector = [0, 7] as const;
/** pgvector's first version whose indexes continue to search until enough rows pass a filter. */
const iterativeFrom = [0, 8] as const;

export class Database {
  /** The schema of pgvector, in SQL. */
  readonly extension: string;
  /** The schema of Headrace's tables, in SQL. */
  readonly schema: string;
  readonly canIterate: boolean;

  private constructor(
    readonly section: PostgresSection,
    facts: { readonly extension: string; readonly schema: string; readonly version: string },
    /** The number of the type `vector` in this database. */
    readonly vectorOid: number,
  ) {
    this.extension = quoteName(facts.extension);
    this.schema = quoteName(facts.schema);
    this.canIterate = isAtLeast(facts.version, iterativeFrom);
  }

  /** Creates the extension if the database lacks it. Throws `config_invalid` if the server cannot be used. */
  static async read(connection: PostgresConnection, section: PostgresSection, signal: AbortSignal): Promise<Database> {
    const [server] = await connection.query("postgres: open", { text: aboutServer, values: [section.schema] }, { signal });
    const { number, version, encoding, schema } = server as Record<string, string>;
    const { host, database } = placeOf(section.url);
    if (Number(number) < minServer) throw unusable(`PostgreSQL at ${host}: expected version 13 or newer, found ${version}`);
    if (encoding !== "UTF8") {
      throw unusable(`database ${database}: expected the encoding UTF8, found ${encoding}`, "Create a database with `createdb -E UTF8`.");
    }
    if (schema === null || schema === undefined) {
      throw unusable("postgres.schema: expected a schema in the user's search path, found none", "Set `postgres.schema`.");
    }
    const found = (await extensionOf(connection, signal)) ?? (await createdExtension(connection, database, signal));
    if (!isAtLeast(found.version, minVector)) {
      const hint = "Install a newer pgvector on the server. Then run in the database: ALTER EXTENSION vector UPDATE;";
      throw unusable(`database ${database}: expected pgvector 0.7 or newer, found ${found.version}`, hint);
    }
    return new Database(section, { ...found, schema }, found.oid);
  }

  /** A table of a collection, in SQL. */
  table(name: string): string {
    return `${this.schema}.${quoteName(name)}`;
  }

  /** One of Headrace's own tables, in SQL. */
  own(what: "collections" | "aliases" | "columns"): string {
    return this.table(tableName(this.section.tablePrefix, `headrace_${what}`));
  }
}

interface Extension {
  readonly extension: string;
  readonly version: string;
  readonly oid: number;
}

const aboutServer = `SELECT current_setting('server_version_num') AS number, current_setting('server_version') AS version,
  current_setting('server_encoding') AS encoding, coalesce($1::text, current_schema()) AS schema`;

async function extensionOf(connection: PostgresConnection, signal: AbortSignal): Promise<Extension | null> {
  const text = `SELECT n.nspname AS extension, e.extversion AS version, t.oid::bigint AS oid
    FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace JOIN pg_type t ON t.typnamespace = n.oid AND t.typname = 'vector'
    WHERE e.extname = 'vector'`;
  const [row] = await connection.query("postgres: open", { text }, { signal });
  if (row === undefined) return null;
  return { extension: String(row["extension"]), version: String(row["version"]), oid: Number(row["oid"]) };
}

async function createdExtension(connection: PostgresConnection, database: string, signal: AbortSignal): Promise<Extension> {
  try {
    await connection.query("postgres: create the extension vector", { text: "CREATE EXTENSION IF NOT EXISTS vector" }, { signal });
  } catch (error) {
    // Another process may have created the extension at the same time.
    const there = await extensionOf(connection, signal);
    if (there !== null) return there;
    if (!isRefused(error)) throw error;
    const hint = "Install pgvector on the server. Then a superuser runs in the database: CREATE EXTENSION vector;";
    throw unusable(`database ${database}: expected the extension vector, found none`, hint, error);
  }
  return (await extensionOf(connection, signal))!;
}

function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [foundMajor = 0, foundMinor = 0] = version.split(".").map(Number);
  return foundMajor > major || (foundMajor === major && foundMinor >= minor);
}

function unusable(message: string, hint = "Use another server in `postgres.url`.", cause?: unknown): HeadraceError {
  return new HeadraceError("config_invalid", message, { hint, cause });
}
