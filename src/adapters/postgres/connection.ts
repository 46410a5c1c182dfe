/** A pool of connections to one database. */
import type { Client, ClientConfig, Pool, PoolClient } from "pg";
import { checkAborted, inTime, unlessAborted } from "../../kit/index.js";
import { fromPostgres, isBroken, isConflict, packageMissing, timedOut } from "./errors.js";
import { type PostgresSection, placeOf } from "./options.js";

type Driver = typeof import("pg");

export type SqlRow = Readonly<Record<string, unknown>>;

/** A statement with its parameters. */
export interface Statement {
  readonly text: string;
  readonly values?: readonly unknown[];
}

/** One open connection, for statements that belong together. */
export interface Session {
  /** Runs a statement, and returns its rows. Several statements in one text take no parameters. */
  run(statement: Statement): Promise<readonly SqlRow[]>;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Default: `postgres.timeout`. */
  readonly timeoutMs?: number;
}

/** Attempts of a statement that another one made the server roll back. */
const maxAttempts = 5;

export class PostgresConnection {
  /** Host of the server, for messages. */
  readonly host: string;
  readonly timeoutMs: number;

  private constructor(
    readonly driver: Driver,
    readonly pool: Pool,
    readonly config: ClientConfig,
    section: PostgresSection,
  ) {
    this.host = placeOf(section.url).host;
    this.timeoutMs = section.timeout * 1000;
  }

  /** Makes no connection yet. Throws `part_missing`. */
  static async make(section: PostgresSection): Promise<PostgresConnection> {
    const loaded = await import("pg").catch((cause: unknown) => {
      throw packageMissing(cause);
    });
    const driver = loaded.default as unknown as Driver;
    const config: ClientConfig = {
      connectionString: section.url,
      connectionTimeoutMillis: section.timeout * 1000,
      application_name: "headrace",
      keepAlive: true,
    };
    const pool = new driver.Pool({ ...config, max: section.poolSize, idleTimeoutMillis: 10_000, allowExitOnIdle: true });
    // An idle connection that the server ends leaves the pool. Nobody waits for it. A busy one rejects its statement.
    pool.on("error", noted);
    pool.on("connect", (client) => client.on("error", noted));
    return new PostgresConnection(driver, pool, config, section);
  }

  async close(): Promise<void> {
    await this.pool.end();
  }

  /** Runs one statement. Repeats it if the server rolled it back because of a statement of another client. */
  async query(call: string, statement: Statement, options: CallOptions = {}): Promise<readonly SqlRow[]> {
    return (await this.#repeated(call, options, async (client) => client.query(statement.text, [...(statement.values ?? [])])))
      .rows as SqlRow[];
  }

  /** Like `query`. Returns the number of rows that the statement changed. */
  async change(call: string, { text, values = [] }: Statement, options: CallOptions = {}): Promise<number> {
    return (await this.#repeated(call, options, async (client) => client.query(text, [...values]))).rowCount ?? 0;
  }

  /** Runs `work` in one transaction. `begin`: what begins it, with settings of the transaction. Rolls back if `work` throws. */
  async transaction<T>(
    call: string,
    work: (session: Session) => Promise<T>,
    options: CallOptions & { readonly begin?: string } = {},
  ): Promise<T> {
    return this.#repeated(call, options, async (client) => {
      await client.query(options.begin ?? "BEGIN");
      try {
        const result = await work(sessionOf(client));
        await client.query("COMMIT");
        return result;
      } catch (error) {
        if (!isBroken(error)) await client.query("ROLLBACK");
        throw error;
      }
    });
  }

  /** Lends one connection without a transaction. Its time is not limited. */
  async session<T>(call: string, work: (session: Session) => Promise<T>, signal: AbortSignal): Promise<T> {
    return this.#use(call, { signal, timeoutMs: Number.POSITIVE_INFINITY }, (client) => work(sessionOf(client)));
  }

  async #repeated<T>(call: string, options: CallOptions, work: (client: PoolClient) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#use(call, options, work);
      } catch (error) {
        if (attempt === maxAttempts || !isConflict(error)) throw error;
      }
    }
  }

  async #use<T>(call: string, { signal, timeoutMs = this.timeoutMs }: CallOptions, work: (client: PoolClient) => Promise<T>): Promise<T> {
    checkAborted(signal, call);
    try {
      const client = await this.#lent(call, signal);
      let isLent = true;
      const giveBack = (state: "usable" | "broken"): void => {
        if (isLent) client.release(state === "broken");
        isLent = false;
      };
      const running = work(client).then(
        (result) => {
          giveBack("usable");
          return result;
        },
        (error: unknown) => {
          giveBack(isBroken(error) ? "broken" : "usable");
          throw error;
        },
      );
      const late = () => timedOut(call, this.host);
      try {
        return await inTime(running, { call, signal, timeoutMs, late });
      } finally {
        // The statement still runs: the call was aborted, or is late.
        if (isLent) {
          this.#cancel(client);
          giveBack("broken");
        }
      }
    } catch (error) {
      throw fromPostgres(call, error, this.host);
    }
  }

  /** A connection of the pool. The wait for one ends when the signal fires. */
  async #lent(call: string, signal: AbortSignal | undefined): Promise<PoolClient> {
    const connecting = this.pool.connect();
    try {
      return await unlessAborted(connecting, signal, call);
    } catch (error) {
      connecting.then((client) => client.release(), noted);
      throw error;
    }
  }

  /** Ends the statement of a connection on the server. A server that does not answer ends it when it sees that the connection is gone. */
  #cancel(client: PoolClient): void {
    const { processID } = client as unknown as { readonly processID: number | null };
    const canceller: Client = new this.driver.Client(this.config);
    canceller.on("error", noted);
    const cancelled = canceller.connect().then(() => canceller.query("SELECT pg_cancel_backend($1)", [processID]));
    cancelled.then(noted, noted).then(() => canceller.end().then(noted, noted), noted);
  }
}

/** Work that may end in any way. */
function noted(): void {
  // The statement that was running reports the error.
}

function sessionOf(client: PoolClient): Session {
  return { run: async ({ text, values }) => (await client.query(text, values === undefined ? undefined : [...values])).rows as SqlRow[] };
}
