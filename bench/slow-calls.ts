/** A gRPC server seen through a slower network: every call reaches it so many milliseconds later, each on its own. */
import { type ClientHttp2Session, connect, constants, createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

export interface SlowCalls {
  /** `host:port` to connect to instead. */
  readonly address: string;
  /** Calls that were delayed, by the last part of their path, e.g. `Upsert`. */
  readonly calls: ReadonlyMap<string, number>;
  close(): Promise<void>;
}

/** Listens on a free loopback port; passes every call on to `target` after `delayMs`. */
export async function slowCalls(target: string, delayMs: number): Promise<SlowCalls> {
  const upstream = connect(`http://${target}`, { settings: { initialWindowSize: windowBytes } });
  await new Promise((resolve, reject) => upstream.once("connect", resolve).once("error", reject));
  upstream.setLocalWindowSize(windowBytes);
  const calls = new Map<string, number>();
  const server = createServer({ settings: { initialWindowSize: windowBytes } });
  const sessions = new Set<{ destroy(): void }>();
  server.on("session", (session) => {
    session.setLocalWindowSize(windowBytes);
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
  });
  server.on("stream", (stream, headers) => {
    const method = String(headers[":path"]).split("/").at(-1) ?? "";
    calls.set(method, (calls.get(method) ?? 0) + 1);
    void passOn(stream, headers, upstream, delayMs);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    close: async () => {
      for (const session of sessions) session.destroy();
      upstream.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Above any request, so that flow control adds no waiting of its own. */
const windowBytes = 32 * 2 ** 20;

async function passOn(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  upstream: ClientHttp2Session,
  delayMs: number,
): Promise<void> {
  stream.on("error", () => {});
  await delay(delayMs);
  if (stream.destroyed) return;
  const call = upstream.request(headers, { endStream: false });
  call.on("error", () => stream.close());
  stream.once("close", () => call.close());
  call.once("response", (answer, flags) => {
    const isWhole = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    stream.respond(answer, isWhole ? { endStream: true } : { waitForTrailers: true });
    if (!isWhole) call.pipe(stream);
  });
  call.once("trailers", (trailers) => {
    stream.once("wantTrailers", () => stream.sendTrailers(trailers));
  });
  stream.pipe(call);
}
