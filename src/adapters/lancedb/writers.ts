/** The tables of a store that are open for writing: the handles of one table share its writer, and with it the lock. */
import { SerialQueue } from "../../kit/index.js";
import { collectionExists } from "./errors.js";
import type { TableWriter } from "./table-writer.js";

interface Entry {
  /** Opening and closing, one after the other. */
  readonly queue: SerialQueue;
  writer: TableWriter | null;
  handles: number;
}

/** A handle's share of a writer. */
export interface WriterLease {
  readonly writer: TableWriter;
  /** The last one to release it gives back the lock; when a call goes on that cannot be stopped, at the end of that call. */
  release(): Promise<void>;
}

export class TableWriters {
  readonly #entries = new Map<string, Entry>();

  /** The writer of that table, opened unless it is open. */
  share(name: string, open: () => Promise<TableWriter>): Promise<WriterLease> {
    const entry = this.#entry(name);
    return entry.queue.run(async () => {
      entry.writer ??= await open();
      return lease(entry, entry.writer);
    });
  }

  /** The writer of a table that is made by the call. Throws `collection_exists` when that table is open. */
  first(name: string, create: () => Promise<TableWriter>): Promise<WriterLease> {
    const entry = this.#entry(name);
    return entry.queue.run(async () => {
      if (entry.writer !== null) throw collectionExists(name);
      entry.writer = await create();
      return lease(entry, entry.writer);
    });
  }

  /** Runs the call while nobody opens that table for writing; it is told whether somebody has it open. */
  alone<T>(name: string, call: (isOpen: { readonly isOpen: boolean }) => Promise<T>): Promise<T> {
    const entry = this.#entry(name);
    return entry.queue.run(() => call({ isOpen: entry.writer !== null }));
  }

  #entry(name: string): Entry {
    const entry = this.#entries.get(name) ?? { queue: new SerialQueue(), writer: null, handles: 0 };
    this.#entries.set(name, entry);
    return entry;
  }
}

function lease(entry: Entry, writer: TableWriter): WriterLease {
  entry.handles += 1;
  return { writer, release: () => entry.queue.run(() => release(entry)) };
}

async function release(entry: Entry): Promise<void> {
  entry.handles -= 1;
  await endUnused(entry);
}

async function endUnused(entry: Entry): Promise<void> {
  const { writer } = entry;
  if (writer === null || entry.handles > 0) return;
  if (writer.leftBehind !== null) {
    // Whoever closes does not wait for it. Should the lock's file resist then, the next who takes the lock is told.
    const ending = writer.leftBehind.then(() => entry.queue.run(() => endUnused(entry)));
    ending.catch(() => undefined);
    return;
  }
  entry.writer = null;
  await writer.end();
}
