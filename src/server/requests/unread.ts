/** Closes the connections of clients that do not read their answers, because an open answer holds its memory and its place. */
import type { FastifyReply } from "fastify";

/** Call it when the answer begins. A connection on which nothing is waiting to be read stays open: a stream may have no news for long. */
export function closeUnread({ raw }: Pick<FastifyReply, "raw">, timeoutMs: number): void {
  raw.setTimeout(timeoutMs, () => {
    if ((raw.socket?.writableLength ?? 0) > 0) raw.destroy();
  });
}
