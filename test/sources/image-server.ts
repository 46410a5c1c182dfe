/** A web server of the tests on loopback, whose answers can be as hostile as a test wants. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export interface ImageServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** Path of each request, in order. */
  readonly requests: readonly string[];
}

/** Serves `handlers` by path. Another path gets status 404. */
export async function imageServer(handlers: Readonly<Record<string, Handler>>): Promise<ImageServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://server").pathname;
    requests.push(path);
    const handler = handlers[path];
    if (handler !== undefined) handler(request, response);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    requests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
