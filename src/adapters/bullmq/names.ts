/** The names of queues and keys in Redis. */
import { HeadraceError } from "../../contracts/index.js";
import { type ConnectionOptions, connect } from "./connection.js";
import { queueError } from "./errors.js";

/** The first part of every key. Bull Board and other tools of BullMQ need it, too. */
export const prefix = "headrace";
/** The set of the names of all queues. */
export const namesKey = `${prefix}:queues`;

/** The keys of one queue beside those of BullMQ. */
export function keysOf(name: string) {
  const key = (last: string) => `${prefix}:${name}:fleet-${last}`;
  return {
    probe: key("probe"),
    plan: key("plan"),
    state: key("state"),
    results: key("results"),
    pruned: key("pruned"),
    letters: key("dead-letters"),
    workers: key("workers"),
  };
}

export type QueueKeys = ReturnType<typeof keysOf>;

/** Returns the names of all queues on the server that have a plan, sorted. */
export async function queueNames(options: ConnectionOptions): Promise<readonly string[]> {
  const { client, server, expectClose } = await connect(options);
  try {
    return (await client.smembers(namesKey)).sort();
  } catch (cause) {
    throw queueError(cause, server);
  } finally {
    expectClose();
    client.disconnect();
  }
}

/** Throws `name_invalid`: BullMQ separates the parts of its keys with colons. */
export function checkQueueName(name: string): void {
  if (/^[\w-]{1,64}$/.test(name)) return;
  throw new HeadraceError("name_invalid", `queue ${JSON.stringify(name).slice(0, 80)}: expected at most 64 letters, digits, _ and -`);
}
