/** Translates errors of PostgreSQL and of its driver into `HeadraceError`s. No other file inspects them. */
import { type ErrorOptions, HeadraceError } from "../../contracts/index.js";

/** What of an error of the driver says what happened. */
interface ServerError {
  /** SQLSTATE of the server, such as `42P01`, or a code of Node, such as `ECONNREFUSED`. */
  readonly code?: string;
  readonly message?: string;
  readonly severity?: string;
}

type Meaning = readonly [code: HeadraceError["code"], options?: ErrorOptions];

const forRun = { scope: "run", retryable: false } as const;

/** The first pattern that matches the SQLSTATE decides. Later ones are more general. */
const meanings: readonly (readonly [pattern: RegExp, ...Meaning])[] = [
  [/^42P01$/, "collection_not_found"],
  [/^42P07$/, "collection_exists", { hint: "Choose another name, or set `postgres.table_prefix`." }],
  [/^(28000|28P01)$/, "config_invalid", { hint: "Correct the user and the password in `postgres.url`, or the server's pg_hba.conf." }],
  [/^3D000$/, "config_invalid", { hint: "Create the database with `createdb`, or correct its name in `postgres.url`." }],
  [/^3F000$/, "config_invalid", { hint: "Create the schema, or correct `postgres.schema`." }],
  [/^42501$/, "config_invalid", { hint: "Grant the user of `postgres.url` the privilege that the message names." }],
  [/^25006$/, "store_unavailable", { ...forRun, hint: "The server only reads: `postgres.url` must name the primary server." }],
  [/^53300$/, "overloaded", { hint: "Headrace tries again. Lower `postgres.pool_size`, or raise `max_connections` of the server." }],
  [/^53100$/, "disk_full", { hint: "Free some space on the disk of the PostgreSQL server, then run the same command again." }],
  [/^53/, "overloaded"],
  [/^57014$/, "timed_out", { scope: "service", hint: "Raise `statement_timeout` of the server or of the user." }],
  [/^55P03$/, "timed_out", { scope: "service", hint: "Another client holds a lock on the table. Raise `lock_timeout`." }],
  [/^58P01$/, "config_invalid", { hint: "Install pgvector 0.7 or newer on the server." }],
  [/^(08|57|58|40|XX|F0)/, "store_unavailable"],
  [/^(22|23|54)/, "row_rejected"],
  [/^E[A-Z_]+$/, "store_unavailable"],
];

/** Words of the driver, whose own errors have no code. */
const unavailable = /connection|terminated|timeout|closed|not queryable|socket|server does not support SSL|pool/i;

/** `what` names the item and the call. Returns a `HeadraceError` unchanged. */
export function fromPostgres(what: string, cause: unknown, host: string): HeadraceError {
  if (HeadraceError.is(cause)) return cause;
  const { code = "", message = String(cause) } = (cause ?? {}) as ServerError;
  const words = firstLine(message);
  const [as, options = {}] = meaningOf(code, words);
  return new HeadraceError(as, `${what}: expected success from PostgreSQL at ${host}, found ${words || code}`, { ...options, cause });
}

/** True if the server has rolled the statement back because of another one. The same statement may succeed at once. */
export function isConflict(error: unknown): boolean {
  return ["40P01", "40001"].includes(codeOf(error));
}

/** True if the connection cannot be used any more. */
export function isBroken(error: unknown): boolean {
  const { severity } = (error ?? {}) as ServerError;
  return severity === undefined || severity === "FATAL" || severity === "PANIC";
}

/** True if a table does not exist. */
export function isMissingTable(error: unknown): boolean {
  return codeOf(error) === "42P01";
}

/** True if the server refuses a function or a setting that it does not have, or that this user may not use. */
export function isRefused(error: unknown): boolean {
  return codeOf(error).startsWith("42") || codeOf(error) === "58P01" || codeOf(error) === "0A000";
}

export function packageMissing(cause: unknown): HeadraceError {
  const text = "postgres: expected the package pg, found none that can be loaded";
  return new HeadraceError("part_missing", text, { hint: "Run: npm i pg", cause });
}

export function timedOut(call: string, host: string): HeadraceError {
  return new HeadraceError("timed_out", `${call}: expected an answer from PostgreSQL at ${host} within postgres.timeout, found none`, {
    scope: "service",
  });
}

export function collectionNotFound(name: string): HeadraceError {
  return new HeadraceError("collection_not_found", `collection ${name}: expected it to exist, found none`, { item: name });
}

function codeOf(error: unknown): string {
  const cause = HeadraceError.is(error) ? error.cause : error;
  return ((cause ?? {}) as ServerError).code ?? "";
}

function meaningOf(code: string, words: string): Meaning {
  const found = meanings.find(([pattern]) => pattern.test(code));
  if (found !== undefined) return [found[1], found[2] ?? {}];
  return code === "" && unavailable.test(words) ? ["store_unavailable"] : ["unexpected", { scope: "run" }];
}

function firstLine(words: string): string {
  return (words.split("\n", 1)[0] ?? "").slice(0, 300).trim();
}
