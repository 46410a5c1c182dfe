/** Opens the queue of a fleet by its address. */
import { HeadraceError, type WorkQueue } from "../contracts/index.js";

/** Where a queue is, and how its workers behave. */
export interface QueueAddress {
  /** `redis://user:password@host:port/database`, or `rediss://` for TLS. */
  readonly url: string;
  /** The collection. null: the only one that has work in the queue. */
  readonly collectionName: string | null;
  /** A worker that says nothing for this time has died, and its shards go to other workers. Default 30,000. */
  readonly leaseMs?: number;
  /** Calls wait this long for a server that does not answer. Default 300,000. */
  readonly maxOutageMs?: number;
  /** Receives a message when the server does not answer, and when it answers again. */
  readonly onNotice?: (message: string) => void;
}

export interface OpenQueue {
  readonly queue: WorkQueue;
  readonly collectionName: string;
  /** Closes the connection. Shards that are still held go to other workers after `leaseMs`. */
  close(): Promise<void>;
}

/** Throws `queue_unavailable`, `queue_unusable`, or `fleet_not_found` if it is not clear which collection is meant. */
export async function openQueue(address: QueueAddress): Promise<OpenQueue> {
  const { url, leaseMs, maxOutageMs = 300_000, onNotice = () => undefined } = address;
  const connection = { url, maxOutageMs, onNotice };
  const { bullmqQueue, queueNames } = await import("../adapters/bullmq/index.js");
  const name = address.collectionName ?? onlyOne(await queueNames(connection));
  const queue: WorkQueue = bullmqQueue({ ...connection, name, ...(leaseMs === undefined ? {} : { leaseMs }) });
  await queue.open?.(new AbortController().signal);
  return { queue, collectionName: name, close: async () => queue.close?.() };
}

function onlyOne(names: readonly string[]): string {
  const [name] = names;
  if (name !== undefined && names.length === 1) return name;
  const found = names.length === 0 ? "none" : names.slice(0, 10).join(", ");
  throw new HeadraceError("fleet_not_found", `queue: expected work for one collection, found ${found}`, {
    hint: names.length === 0 ? "Add work with `headrace distribute`." : "Name one with --collection.",
  });
}
