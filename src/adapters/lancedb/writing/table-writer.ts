/** The only writer of a table in this process. All handles of the table that are open for writing share this writer. */
import type { Table } from "@lancedb/lancedb";
import type { BuiltIndex, InsertResult, Key, Passport, RowBatch, RowFailure, UpkeepOptions } from "../../../contracts/index.js";
import { abortedError, checkAborted, listenForAbort, SerialQueue, writeAbsent } from "../../../kit/index.js";
import { fromLanceError } from "../errors.js";
import type { LanceStoreOptions } from "../options.js";
import { knownRows } from "../table/lookups.js";
import { writePassport } from "../table/table-facts.js";
import { type TableFacts, tableFacts } from "../table/table-schema.js";
import type { Vendor } from "../table/vendor.js";
import { removeOldVersions } from "../upkeep/old-versions.js";
import { buildRequestedIndex } from "../upkeep/requested-index.js";
import { KeyIndex } from "../upkeep/scalar-indexes.js";
import { tableState } from "../upkeep/table-state.js";
import {
  CompactionSchedule,
  compact,
  keepUp,
  keepUpWhole,
  keepVersionsMs,
  owesCompactionDuringSeries,
  type UpkeepParts,
} from "../upkeep/upkeep.js";
import type { UpkeepStep } from "../upkeep/upkeep-step.js";
import { ContentMarks } from "./content-marks.js";
import { KeyLedger } from "./key-ledger.js";
import { type Marks, RowMarks } from "./row-marks.js";
import { RowStorage } from "./row-storage.js";
import { type Member, type Settled, WriteGroup } from "./write-group.js";
import type { WriterLock } from "./writer-lock.js";

/** In a long series of writes, a batch waits this long for other batches. Batches that are written together become one fragment. */
const seriesLingerMs = 250;

export interface TableWriterParts {
  readonly vendor: Vendor;
  readonly name: string;
  readonly table: Table;
  /** The folder of the table. */
  readonly folder: string;
  readonly facts: TableFacts;
  /** Number of rows in the table, counted while this process holds the writer's lock. */
  readonly rows: number;
  readonly lock: WriterLock;
  readonly marks: LanceStoreOptions["marks"];
}

export class TableWriter {
  readonly table: Table;
  readonly facts: TableFacts;
  #passport: Passport | null;
  /** Runs one write at a time, because two concurrent upserts of the same new key would store two rows. */
  readonly #queue = new SerialQueue();
  readonly #schedule = new CompactionSchedule();
  readonly #keyIndex: KeyIndex;
  readonly #storage: RowStorage;
  readonly #marks: RowMarks;
  readonly #contents = new ContentMarks();
  /** The newest group of batches in the queue. Null if another kind of call was queued later, so that batches do not overtake the call. */
  #group: WriteGroup | null = null;
  #leftBehind: Promise<unknown> | null = null;

  constructor(readonly parts: TableWriterParts) {
    this.table = parts.table;
    this.facts = parts.facts;
    this.#passport = parts.facts.passport;
    this.#marks = new RowMarks(parts.marks);
    this.#keyIndex = new KeyIndex(parts.vendor, () => parts.lock.verify(), parts.rows);
    this.#storage = new RowStorage({
      ...parts,
      ledger: new KeyLedger(parts.rows),
      keyIndex: this.#keyIndex,
      marks: this.#marks,
      contents: this.#contents,
    });
  }

  get passport(): Passport | null {
    return this.#passport;
  }

  /** Settles when LanceDB has finished a call that was aborted but could not be stopped. Null if there is no such call. */
  get leftBehind(): Promise<unknown> | null {
    return this.#leftBehind;
  }

  setPassport(passport: Passport): Promise<void> {
    return this.#write("setPassport", undefined, async () => {
      await writePassport(this.parts.folder, passport);
      this.#passport = structuredClone(passport);
    });
  }

  /** The rows are durable when the promise resolves. Batches that wait in the queue at the same time are written together. */
  async upsert(rows: RowBatch, signal: AbortSignal): Promise<readonly RowFailure[]> {
    const call = `collection ${this.parts.name}: upsert`;
    checkAborted(signal, call);
    const { settled, isFirst, leave } = this.#join(rows);
    const failures = await orAborted(settled, signal, { call, mayLeave: leave });
    if (!isFirst) return failures;
    const [compacted] = await Promise.allSettled([this.#compactDuringSeries(signal)]);
    // The rows are durable at this point. If the caller aborted only the compaction, the next call compacts the table.
    if (compacted.status === "rejected" && !signal.aborted) throw compacted.reason;
    return failures;
  }

  /** Inserts the rows whose keys the table does not have. The look and the write have one turn in the queue of writes. */
  async insertAbsent(rows: RowBatch, keys: readonly Key[], signal: AbortSignal): Promise<InsertResult> {
    this.lookedUp();
    const result = await this.#write("insert", signal, async (table) =>
      writeAbsent(rows, await knownRows(table, keys, signal), async (absent) => {
        const settled = (await this.#storage.store([absent]))[0]!;
        if (settled.status === "rejected") throw settled.reason;
        return settled.value;
      }),
    );
    await this.#compactDuringSeries(signal);
    return result;
  }

  /** Must be called for each look-up through a handle that is open for writing. Look-ups make an up-to-date index on keys worthwhile. */
  lookedUp(): void {
    this.#keyIndex.asked();
  }

  /** Looks up the keys in the rows that are in memory, without a query. */
  marksOf(keys: readonly Key[], versions: ReadonlyMap<Key, string> | undefined): Promise<Marks> {
    return this.#marks.find(this.table, keys, versions);
  }

  /** Returns those of the contents that the table may have, as far as it is known without a query. */
  possibleContents(contents: readonly string[]): Promise<readonly string[]> {
    return this.#contents.possible(this.table, contents);
  }

  /** Deletes the rows that match any of the predicates. Returns the number of deleted rows. */
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
  upkeep(extent: "owed" | "all", signal: AbortSignal, options: UpkeepOptions): Promise<void> {
    return this.#maintain("upkeep", signal, options, extent === "all" ? keepUpWhole : keepUp);
  }

  /** See `Collection.buildIndex`. */
  buildIndex(column: string, signal: AbortSignal, options: UpkeepOptions): Promise<BuiltIndex> {
    return this.#maintain("buildIndex", signal, options, (parts) => buildRequestedIndex(parts, column));
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
    // The promise of `write` never rejects: `write` settles the promise of each batch instead.
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

  /** Compacts the table during a long series of writes, if its state requires this. `upkeep` runs only after the series. */
  async #compactDuringSeries(signal: AbortSignal): Promise<void> {
    const [mayCompact, mustLook] = [this.#schedule.wrote(), this.#keyIndex.isDue];
    if (!mayCompact && !mustLook) return;
    await this.#writeOrLeave("compaction", signal, async (table) => {
      const { folder } = this.parts;
      if (mayCompact) await removeOldVersions(table, folder);
      if (mayCompact && owesCompactionDuringSeries(await tableState(table, folder, keepVersionsMs))) await compact(table, folder);
      if (mustLook) await this.#keyIndex.look(table);
    });
  }

  #maintain<T>(call: string, signal: AbortSignal, { onProgress }: UpkeepOptions, work: (parts: UpkeepParts) => Promise<T>): Promise<T> {
    const { vendor, folder, lock, name } = this.parts;
    return this.#writeOrLeave(call, signal, async (table) => {
      const mayGoOn = async (step: UpkeepStep): Promise<void> => {
        checkAborted(signal, `collection ${name}: ${call}`);
        await lock.verify();
        onProgress?.({ ...step, share: null });
      };
      return work({ vendor, name, table, facts: await this.#facts(), folder, mayGoOn });
    });
  }

  /** Rejects as soon as the signal fires. LanceDB cannot stop a running operation: it continues, and later writes wait for its end. */
  async #writeOrLeave<T>(call: string, signal: AbortSignal, write: (table: Table) => Promise<T>): Promise<T> {
    const running = this.#write(call, signal, write);
    try {
      return await orAborted(running, signal, { call: `collection ${this.parts.name}: ${call}`, mayLeave: () => true });
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

  /** Waits in the queue of writes, verifies the lock, and writes. If the signal fires while the call waits, the call rejects. */
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
  /** The collection and the call, as error messages name them. */
  readonly call: string;
  readonly mayLeave: () => boolean;
}

/** Settles like `running`. If the signal fires first and `mayLeave` returns true, rejects with `aborted` instead. */
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
