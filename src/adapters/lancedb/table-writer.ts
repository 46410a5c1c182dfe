/** The one writer of a table in this process, whatever the number of handles that are open for writing. */
import type { Table } from "@lancedb/lancedb";
import type { Passport, RowBatch, RowFailure } from "../../contracts/index.js";
import { abortedError, checkAborted, listenForAbort, planUpsert, SerialQueue } from "../../kit/index.js";
import { fromLanceError } from "./errors.js";
import { toArrow } from "./rows.js";
import { KeyIndex } from "./scalar-indexes.js";
import { newColumns, passportKey, type TableFacts, tableFacts } from "./table-schema.js";
import { keepUp, keepUpWhole, keepVersionsMs, TidySchedule, tidy } from "./upkeep.js";
import type { Vendor } from "./vendor.js";
import type { WriterLock } from "./writer-lock.js";

export interface TableWriterParts {
  readonly vendor: Vendor;
  readonly name: string;
  readonly table: Table;
  /** The table's own folder. */
  readonly folder: string;
  readonly facts: TableFacts;
  readonly lock: WriterLock;
}

export class TableWriter {
  readonly table: Table;
  readonly facts: TableFacts;
  #passport: Passport | null;
  /** One write at a time: concurrent merges of one key store it twice. */
  readonly #queue = new SerialQueue();
  readonly #schedule = new TidySchedule();
  readonly #keyIndex: KeyIndex;
  #leftBehind: Promise<unknown> | null = null;

  constructor(readonly parts: TableWriterParts) {
    this.table = parts.table;
    this.facts = parts.facts;
    this.#passport = parts.facts.passport;
    this.#keyIndex = new KeyIndex(parts.vendor, () => parts.lock.verify());
  }

  get passport(): Passport | null {
    return this.#passport;
  }

  /** The end of a call that nobody waits for any more, since it cannot be stopped; null when there is none. */
  get leftBehind(): Promise<unknown> | null {
    return this.#leftBehind;
  }

  setPassport(passport: Passport): Promise<void> {
    return this.#write("setPassport", undefined, async (table) => {
      await table.updateFieldMetadata([{ path: "vector", metadata: { [passportKey]: JSON.stringify(passport) } }]);
      this.#passport = structuredClone(passport);
    });
  }

  async upsert(rows: RowBatch, signal: AbortSignal): Promise<readonly RowFailure[]> {
    const plan = await this.#write("upsert", signal, async (table) => {
      const planned = planUpsert(rows, await this.#facts());
      if (planned.newColumns.size > 0) await table.addColumns(newColumns(planned.newColumns));
      if (planned.accepted.length > 0) {
        const data = toArrow(this.parts.vendor, await table.schema(), rows, planned.accepted);
        const merge = table.mergeInsert("id").whenMatchedUpdateAll().whenNotMatchedInsertAll();
        await merge.useIndex(this.#keyIndex.isWorthUsing).execute(data);
      }
      return planned;
    });
    if (plan.accepted.length > 0) {
      const [tidied] = await Promise.allSettled([this.#tidyOnTheWay(plan.accepted.length, signal)]);
      // The rows are durable; what a stop leaves is done by the next call.
      if (tidied.status === "rejected" && !signal.aborted) throw tidied.reason;
    }
    return plan.failures;
  }

  /** Deletes the rows of each predicate; how many were there. */
  async delete(predicatesFor: (facts: TableFacts) => readonly string[], signal: AbortSignal): Promise<number> {
    const deleted = await this.#write("delete", signal, async (table) => {
      let count = 0;
      for (const predicate of predicatesFor(await this.#facts())) {
        checkAborted(signal, `collection ${this.parts.name}: delete`);
        const rows = await table.countRows(predicate);
        if (rows > 0) await table.delete(predicate);
        count += rows;
      }
      return count;
    });
    if (deleted > 0) await this.#tidyOnTheWay(0, signal);
    return deleted;
  }

  /** See `Collection.upkeep`. */
  upkeep(extent: "owed" | "all", signal: AbortSignal): Promise<void> {
    const { vendor, folder, lock, name } = this.parts;
    const keep = extent === "all" ? keepUpWhole : keepUp;
    return this.#writeOrLeave("upkeep", signal, async (table) => {
      const mayGoOn = async (): Promise<void> => {
        checkAborted(signal, `collection ${name}: upkeep`);
        await lock.verify();
      };
      await keep({ vendor, table, facts: await this.#facts(), folder, mayGoOn });
    });
  }

  /** Gives back at once what `upkeep` keeps for running readers: a scan that began before fails. */
  compact(signal: AbortSignal): Promise<void> {
    return this.#write("compact", signal, (table) => tidy(table, 0));
  }

  /** After the last write. */
  end(): Promise<void> {
    return this.#queue.run(async () => {
      this.table.close();
      await this.parts.lock.release();
    });
  }

  async #facts(): Promise<TableFacts> {
    return tableFacts(this.parts.vendor, this.parts.name, await this.table.schema());
  }

  /** A long series of writes cannot wait for `upkeep`. */
  async #tidyOnTheWay(writtenRows: number, signal: AbortSignal): Promise<void> {
    const [mustLook, mustTidy] = [this.#keyIndex.wrote(writtenRows), this.#schedule.wrote()];
    if (!mustLook && !mustTidy) return;
    await this.#writeOrLeave("tidying", signal, async (table) => {
      if (mustTidy) await tidy(table, keepVersionsMs);
      if (mustLook) await this.#keyIndex.look(table);
    });
  }

  /** What LanceDB has begun goes on after an abort, for it cannot be stopped; further writes wait for its end. */
  async #writeOrLeave(call: string, signal: AbortSignal, write: (table: Table) => Promise<void>): Promise<void> {
    const running = this.#write(call, signal, write);
    try {
      await orAborted(running, signal, { call: `collection ${this.parts.name}: ${call}`, mayLeave: () => true });
    } finally {
      if (signal.aborted) this.#leave(running);
    }
  }

  #leave(running: Promise<unknown>): void {
    const over = (): void => {
      if (this.#leftBehind === ended) this.#leftBehind = null;
    };
    const ended: Promise<unknown> = running.then(over, over);
    this.#leftBehind = ended;
  }

  /** Waits for its turn, no longer than until the signal; then writes, with the lock still in hand. */
  async #write<T>(call: string, signal: AbortSignal | undefined, write: (table: Table) => Promise<T>): Promise<T> {
    const what = `collection ${this.parts.name}: ${call}`;
    checkAborted(signal, what);
    let hasBegun = false;
    const turn = this.#queue.run(async () => {
      checkAborted(signal, what);
      hasBegun = true;
      try {
        await this.parts.lock.verify();
        return await write(this.table);
      } catch (cause) {
        throw fromLanceError(what, cause);
      }
    });
    return orAborted(turn, signal, { call: what, mayLeave: () => !hasBegun });
  }
}

interface Leaving {
  /** For the message. */
  readonly call: string;
  readonly mayLeave: () => boolean;
}

/** What comes of the call, or `aborted` when the signal fires while the call may be left to itself. */
async function orAborted<T>(running: Promise<T>, signal: AbortSignal | undefined, { call, mayLeave }: Leaving): Promise<T> {
  if (signal === undefined) return running;
  let leave: () => void = () => undefined;
  const left = new Promise<never>((_, reject) => {
    leave = () => {
      if (mayLeave()) reject(abortedError(signal, call));
    };
  });
  listenForAbort(signal, leave);
  try {
    return await Promise.race([running, left]);
  } finally {
    signal.removeEventListener("abort", leave);
  }
}
