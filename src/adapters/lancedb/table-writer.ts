/** The only writer of a table in this process. All handles that are open for writing share it. */
import type { Table } from "@lancedb/lancedb";
import type { Key, Passport, RowBatch, RowFailure } from "../../contracts/index.js";
import { abortedError, checkAborted, listenForAbort, SerialQueue } from "../../kit/index.js";
import { fromLanceError } from "./errors.js";
import { KeyLedger } from "./key-ledger.js";
import { type Marks, RowMarks } from "./row-marks.js";
import { RowStorage } from "./row-storage.js";
import { KeyIndex } from "./scalar-indexes.js";
import { writePassport } from "./table-facts.js";
import { type TableFacts, tableFacts } from "./table-schema.js";
import { tableState } from "./table-state.js";
import { CompactionSchedule, compact, keepUp, keepUpWhole, keepVersionsMs, owesCompactionDuringSeries } from "./upkeep.js";
import type { Vendor } from "./vendor.js";
import { type Member, type Settled, WriteGroup } from "./write-group.js";
import type { WriterLock } from "./writer-lock.js";

/** In a long series of writes, a batch waits this long for other batches, so that the table does not get a fragment per batch. */
const seriesLingerMs = 250;

export interface TableWriterParts {
  readonly vendor: Vendor;
  readonly name: string;
  readonly table: Table;
  /** The folder of the table. */
  readonly folder: string;
  readonly facts: TableFacts;
  /** Rows of the table, counted while the lock is held. */
  readonly rows: number;
  readonly lock: WriterLock;
}

export class TableWriter {
  readonly table: Table;
  readonly facts: TableFacts;
  #passport: Passport | null;
  /** Runs one write at a time, because concurrent upserts of one key store it twice. */
  readonly #queue = new SerialQueue();
  readonly #schedule = new CompactionSchedule();
  readonly #keyIndex: KeyIndex;
  readonly #storage: RowStorage;
  readonly #marks = new RowMarks();
  /** Accepts batches until its turn comes, or until another kind of call is queued behind it. */
  #group: WriteGroup | null = null;
  #leftBehind: Promise<unknown> | null = null;

  constructor(readonly parts: TableWriterParts) {
    this.table = parts.table;
    this.facts = parts.facts;
    this.#passport = parts.facts.passport;
    this.#keyIndex = new KeyIndex(parts.vendor, () => parts.lock.verify(), parts.rows);
    this.#storage = new RowStorage({ ...parts, ledger: new KeyLedger(parts.rows), keyIndex: this.#keyIndex, marks: this.#marks });
  }

  get passport(): Passport | null {
    return this.#passport;
  }

  /** Settles when an aborted call that could not be stopped has ended. Null when there is no such call. */
  get leftBehind(): Promise<unknown> | null {
    return this.#leftBehind;
  }

  setPassport(passport: Passport): Promise<void> {
    return this.#write("setPassport", undefined, async () => {
      await writePassport(this.parts.folder, passport);
      this.#passport = structuredClone(passport);
    });
  }

  /** The rows are durable when it resolves. Batches that wait for their turn are written together. */
  async upsert(rows: RowBatch, signal: AbortSignal): Promise<readonly RowFailure[]> {
    const call = `collection ${this.parts.name}: upsert`;
    checkAborted(signal, call);
    const { settled, isFirst, leave } = this.#join(rows);
    const failures = await orAborted(settled, signal, { call, mayLeave: leave });
    if (!isFirst) return failures;
    const [compacted] = await Promise.allSettled([this.#compactDuringSeries(signal)]);
    // The rows are durable. After an abort, the next call does the compaction.
    if (compacted.status === "rejected" && !signal.aborted) throw compacted.reason;
    return failures;
  }

  /** Called for each look-up through a handle that is open for writing. */
  lookedUp(): void {
    this.#keyIndex.asked();
  }

  /** Looks the keys up in memory, without a query. */
  marksOf(keys: readonly Key[]): Promise<Marks> {
    return this.#marks.find(this.table, keys);
  }

  /** Deletes the rows of each predicate and returns their number. */
  async delete(predicatesFor: (facts: TableFacts) => readonly string[], signal: AbortSignal): Promise<number> {
    const deleted = await this.#write("delete", signal, async (table) => {
      let count = 0;
      for (const predicate of predicatesFor(await this.#facts())) {
        checkAborted(signal, `collection ${this.parts.name}: delete`);
        const rows = await table.countRows(predicate);
        if (rows > 0) await this.#deleteRows(table, predicate);
        count += rows;
      }
      return count;
    });
    if (deleted > 0) await this.#compactDuringSeries(signal);
    return deleted;
  }

  async #deleteRows(table: Table, predicate: string): Promise<void> {
    this.#marks.deletes();
    try {
      await table.delete(predicate);
    } finally {
      this.#marks.deletes();
    }
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

  /** Closes the table and releases the lock, after all queued writes. */
  end(): Promise<void> {
    return this.#queue.run(async () => {
      this.table.close();
      await this.parts.lock.release();
    });
  }

  async #facts(): Promise<TableFacts> {
    return tableFacts(this.parts.vendor, this.parts.name, await this.table.schema());
  }

  #join(rows: RowBatch): Member {
    if (this.#group?.hasRoomFor(rows)) return this.#group.add(rows);
    this.#group?.hurry();
    const group = new WriteGroup();
    this.#group = group;
    const member = group.add(rows);
    // `write` never rejects: it settles the promise of each batch.
    void this.#queue.run(() => group.write(this.#schedule.isSeries ? seriesLingerMs : 0, (batches) => this.#store(batches)));
    return member;
  }

  async #store(batches: readonly RowBatch[]): Promise<readonly Settled[]> {
    try {
      await this.parts.lock.verify();
    } catch (cause) {
      throw fromLanceError(`collection ${this.parts.name}: upsert`, cause);
    }
    return this.#storage.store(batches);
  }

  /** Does the most necessary upkeep during a long series of writes, because `upkeep` runs only after the series. */
  async #compactDuringSeries(signal: AbortSignal): Promise<void> {
    const [mayCompact, mustLook] = [this.#schedule.wrote(), this.#keyIndex.isDue];
    if (!mayCompact && !mustLook) return;
    await this.#writeOrLeave("compaction", signal, async (table) => {
      if (mayCompact && owesCompactionDuringSeries(await tableState(table, this.parts.folder, keepVersionsMs))) await compact(table);
      if (mustLook) await this.#keyIndex.look(table);
    });
  }

  /** Rejects at once on an abort. LanceDB cannot stop a running operation, so it continues, and later writes wait for its end. */
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

  /** Waits for its turn until the signal fires, verifies the lock, and writes. */
  async #write<T>(call: string, signal: AbortSignal | undefined, write: (table: Table) => Promise<T>): Promise<T> {
    const what = `collection ${this.parts.name}: ${call}`;
    checkAborted(signal, what);
    let hasBegun = false;
    this.#group?.hurry();
    this.#group = null;
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
  /** Names the collection and the call in messages. */
  readonly call: string;
  readonly mayLeave: () => boolean;
}

/** Settles as the call does. Rejects with `aborted` when the signal fires and `mayLeave` returns true. */
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
