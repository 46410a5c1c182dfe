/** Builds an index while other clients write to the table. One process builds it; others wait for that one. */
import { setTimeout as pause } from "node:timers/promises";
import type { UpkeepOptions } from "../../contracts/index.js";
import { unlessAborted } from "../../kit/index.js";
import type { Catalog, CollectionShape } from "./catalog.js";
import type { Session } from "./connection.js";
import { quoteName } from "./names.js";

export interface WantedIndex {
  readonly shape: CollectionShape;
  readonly name: string;
  /** Name of the column in reports of progress. */
  readonly column: string;
  /** What comes after the name of the table in `CREATE INDEX`. */
  readonly definition: string;
  /** Number of rows, if it is known. */
  readonly rows: number | null;
  readonly signal: AbortSignal;
  readonly onProgress: UpkeepOptions["onProgress"] | undefined;
}

const everyMs = 250;

/**
 * A lock of the session shows that a process builds the index. It ends with the connection, so an invalid index without this lock was left by
 * a process that was killed, and is built again.
 */
export async function buildInBackground(catalog: Catalog, wanted: WantedIndex): Promise<"built" | "unchanged"> {
  const { shape, signal } = wanted;
  const call = `collection ${shape.name}: build the index on ${wanted.column}`;
  const { connection, database } = catalog;
  if ((await stateOf({ run: (statement) => connection.query(call, statement, { signal }) }, catalog, wanted)) === "valid")
    return "unchanged";
  const build = async (session: Session): Promise<"built" | "unchanged" | "waits"> => {
    const lock = `headrace index ${database.table(wanted.name)}`;
    const [taken] = await session.run({ text: "SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS taken", values: [lock] });
    if (taken?.["taken"] !== true) return "waits";
    try {
      const state = await stateOf(session, catalog, wanted);
      if (state === "valid") return "unchanged";
      const index = `${database.schema}.${quoteName(wanted.name)}`;
      if (state === "invalid") await session.run({ text: `DROP INDEX CONCURRENTLY IF EXISTS ${index}` });
      const { maintenanceMb } = database.section;
      if (maintenanceMb !== null)
        await session.run({ text: "SELECT set_config('maintenance_work_mem', $1, false)", values: [`${maintenanceMb}MB`] });
      await session.run({
        text: `CREATE INDEX CONCURRENTLY ${quoteName(wanted.name)} ON ${database.table(shape.table)} ${wanted.definition}`,
      });
      return "built";
    } finally {
      await session.run({ text: "RESET maintenance_work_mem" });
      await session.run({ text: "SELECT pg_advisory_unlock(hashtextextended($1, 0))", values: [lock] });
    }
  };
  for (;;) {
    const outcome = await watched(catalog, wanted, connection.session(call, build, signal));
    if (outcome !== "waits") return outcome;
    await unlessAborted(pause(everyMs), signal, call);
  }
}

/** Reports progress until the work ends. */
async function watched<T>(
  { connection, database }: Catalog,
  { shape, column, rows, onProgress }: WantedIndex,
  work: Promise<T>,
): Promise<T> {
  if (onProgress === undefined) return work;
  const stop = new AbortController();
  const text = `SELECT blocks_total AS total, blocks_done AS done, tuples_total AS rows, tuples_done AS rows_done
    FROM pg_stat_progress_create_index WHERE relid = $1::regclass`;
  const look = async (): Promise<void> => {
    for (;;) {
      const [row] = await connection.query(`collection ${shape.name}: watch the index`, { text, values: [database.table(shape.table)] });
      if (stop.signal.aborted) return;
      const [total, done] = [Number(row?.["total"] ?? 0), Number(row?.["done"] ?? 0)];
      onProgress({
        step: `building the index on ${column}`,
        share: total > 0 ? Math.min(1, done / total) : null,
        rows: rows ?? Number(row?.["rows"] ?? 0),
      });
      await unlessAborted(pause(everyMs), stop.signal, "watch the index");
    }
  };
  const looking = Promise.allSettled([look()]);
  try {
    return await work;
  } finally {
    stop.abort();
    await looking;
  }
}

async function stateOf(session: Session, { database }: Catalog, { name }: WantedIndex): Promise<"valid" | "invalid" | "absent"> {
  const text = "SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = to_regclass($1)";
  const [row] = await session.run({ text, values: [`${database.schema}.${quoteName(name)}`] });
  if (row === undefined) return "absent";
  return row["valid"] === true ? "valid" : "invalid";
}
