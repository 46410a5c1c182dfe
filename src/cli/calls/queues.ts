/** What the commands for fleets share: the option --queue, and a queue that is closed when the command ends. */
import { type Command, InvalidArgumentError } from "commander";
import { openQueue } from "../../app/index.js";
import type { WorkQueue } from "../../contracts/index.js";
import { HeadraceError } from "../../contracts/index.js";
import type { Terminal } from "../terminal/terminal.js";

export interface QueueOptions {
  readonly queue?: string;
  readonly lease?: number;
}

/** The environment variable keeps a password out of the list of processes. */
const variable = "REDIS_URL";

export function withQueueOption(command: Command): Command {
  return command.option("--queue <url>", `Redis or Valkey with the work: redis://host:port/database (default: ${variable})`);
}

/** `collectionName`: null for the only collection in the queue. */
export async function withQueue<T>(
  terminal: Terminal,
  { queue: url = process.env[variable], lease }: QueueOptions,
  collectionName: string | null,
  use: (queue: WorkQueue, collectionName: string) => Promise<T>,
): Promise<T> {
  if (url === undefined) {
    throw new HeadraceError("usage_invalid", `queue: expected --queue or ${variable}, found neither`, {
      hint: "For example: --queue redis://localhost:6379",
    });
  }
  const opened = await openQueue({
    url,
    collectionName,
    onNotice: (message) => terminal.note(message),
    ...(lease === undefined ? {} : { leaseMs: lease * 1000 }),
  });
  try {
    return await use(opened.queue, opened.collectionName);
  } finally {
    await opened.close();
  }
}

export function seconds(text: string): number {
  const value = Number(text);
  if (!(value > 0) || value > 86_400) throw new InvalidArgumentError("It must be a number of seconds above 0.");
  return value;
}
