/** Ends requests whose body does not arrive. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { onBrokenConnection } from "./framework-errors.js";

export interface BodyTimeOptions {
  /** Time for a whole body, and for each part of an upload. */
  readonly windowMs: number;
  /** Whether the body may be of any size, and so may take any time. */
  readonly isUpload: (request: FastifyRequest) => boolean;
}

/** The least speed of an upload, on average over a window. */
const leastBytesPerSecond = 16 * 1024;

/** A body that does not arrive within the window is answered with `body_too_slow`. An upload may take longer, while enough of it arrives. */
export function limitBodyTime(app: FastifyInstance, { windowMs, isUpload }: BodyTimeOptions): void {
  const leastBytes = (leastBytesPerSecond * windowMs) / 1000;
  app.addHook("onRequest", async (request, reply) => {
    const { raw } = request;
    if (raw.headers["content-length"] === undefined && raw.headers["transfer-encoding"] === undefined) return;
    const { socket } = raw;
    let before = socket.bytesRead;
    const check = (): void => {
      if (reply.raw.closed) return;
      const arrived = socket.bytesRead - before;
      before = socket.bytesRead;
      if (!raw.complete && isUpload(request) && arrived >= leastBytes) return;
      clearInterval(timer);
      if (!raw.complete) onBrokenConnection({ code: "ERR_HTTP_REQUEST_TIMEOUT" }, socket);
    };
    // After a pause of the whole process, bytes have arrived that are read only after the timer.
    const timer = setInterval(() => setImmediate(check), windowMs);
    reply.raw.once("close", () => clearInterval(timer));
  });
}
