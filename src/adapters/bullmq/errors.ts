/** Translates errors of Redis and BullMQ. No other file inspects the text of such errors. */
import { HeadraceError } from "../../contracts/index.js";

export function packageMissing(cause: unknown): never {
  throw new HeadraceError("part_missing", "the work queue: expected the packages bullmq and ioredis, found none", {
    hint: "npm install bullmq ioredis",
    cause,
  });
}

/** `server`: host and port, without a password. */
export function queueError(thrown: unknown, server: string): HeadraceError {
  if (HeadraceError.is(thrown)) return thrown;
  const words = wordsOf(thrown);
  if (/NOAUTH|WRONGPASS|invalid password|ERR AUTH/i.test(words))
    return unusable(server, `expected another user or password, found: ${words}`);
  if (/NOPERM/i.test(words)) return unusable(server, `expected the permission to work on the queue, found: ${words}`);
  if (/READONLY/i.test(words)) return unusable(server, `expected a primary server, found a replica: ${words}`);
  if (/OOM/.test(words)) return unusable(server, `expected free memory, found: ${words}`);
  return new HeadraceError("queue_unavailable", `${server}: expected an answer, found: ${words}`, { item: server, cause: thrown });
}

/** An error of several addresses has no message, only a code. */
function wordsOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  return thrown.message === "" ? String((thrown as { readonly code?: unknown }).code ?? thrown.name) : thrown.message;
}

export function unusable(server: string, problem: string): HeadraceError {
  return new HeadraceError("queue_unusable", `${server}: ${problem}`, { item: server });
}

/** BullMQ's answers for a job that this worker no longer holds: the job or its lock is gone, or the lock is another worker's. */
const lostCodes: ReadonlySet<unknown> = new Set([-1, -2, -3, -6]);

export function isLost(thrown: unknown): boolean {
  return typeof thrown === "object" && thrown !== null && "code" in thrown && lostCodes.has(thrown.code);
}
