/** The tables that a store has open for writing. All handles of one table share its writer and its lock. */
import { SerialQueue } from "../../../kit/index.js";
import { collectionExists } from "../errors.js";
import type { TableWriter } from "./table-writer.js";

interface Entry {
  /** Runs the calls that open or close the writer one after the other. */
  readonly queue: SerialQueue;
  writer: TableWriter | null;
  handles: number;
}

/** The right of one handle to use the writer of a table, until the handle releases it. */
export interface WriterLease {
  readonly writer: TableWriter;
  /**
   * Ends the use by this handle. The last release also closes the writer and releases its lock. If LanceDB still executes an aborted call,
   * the lock is released when LanceDB has finished.
   */
  release(): Promise<void>;
}

export class TableWriters {
  readonly #entries = new Map<string, Entry>();

  /** Returns the writer of the table. Opens the writer with `open` if the table is not open for writing yet. */
  share(name: string, open: () => Promise<TableWriter>): Promise<WriterLease> {
    const entry = this.#entry(name);
    return entry.queue.run(async () => {
      entry.writer ??= await open();
      return lease(entry, entry.writer);
    });
  }

  /** Creates a table with `create` and returns its writer. Throws `collection_exists` if the table is already open for writing. */
  first(name: string, create: () => Promise<TableWriter>): Promise<WriterLease> {
    const entry = this.#entry(name);
    return entry.queue.run(async () => {
      if (entry.writer !== null) throw collectionExists(name);
      entry.writer = await create();
      return lease(entry, entry.writer);
    });
  }

  /** Runs `call`. Until it ends, no handle can open the table for writing. `isOpen`: whether the table was already open for writing. */
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
    // `release` does not wait for this promise. If the lock file cannot be removed, the next process that takes the lock gets the error.
    const ending = writer.leftBehind.then(() => entry.queue.run(() => endUnused(entry)));
    ending.catch(() => undefined);
    return;
  }
  entry.writer = null;
  await writer.end();
}
