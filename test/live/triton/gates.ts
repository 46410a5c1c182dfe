/** What can stand between us and Triton: gates that pass everything on until a test wants otherwise. */
import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A proxy for HTTP. */
export class HttpGate implements AsyncDisposable {
  /** What to answer instead of the server; null: ask it. */
  answer: (url: string, bodyBytes: number) => Reply | null = () => null;
  /** Every answer that was not the server's. */
  readonly refused: { readonly url: string; readonly bodyBytes: number }[] = [];
  /** Bodies of the inferences that the server was sent. */
  readonly passed: number[] = [];
  readonly #server = createServer((incoming, response) => {
    this.#serve(incoming, response).catch(() => response.destroy());
  });
  #turn = 0;

  private constructor(readonly targets: readonly string[]) {}

  /** In front of servers that take turns, `host:port` each. */
  static async open(...targets: readonly string[]): Promise<HttpGate> {
    const gate = new HttpGate(targets);
    gate.#server.listen(0, "127.0.0.1");
    await once(gate.#server, "listening");
    return gate;
  }

  get url(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = incoming.url ?? "";
    const body: Buffer[] = [];
    for await (const chunk of incoming) body.push(chunk as Buffer);
    const bodyBytes = body.reduce((sum, { byteLength }) => sum + byteLength, 0);
    const reply = this.answer(url, bodyBytes);
    if (reply !== null) {
      this.refused.push({ url, bodyBytes });
      response.writeHead(reply.status, { "content-type": "text/html", ...reply.headers }).end(reply.body ?? "<html>no</html>");
      return;
    }
    if (url.endsWith("/infer")) this.passed.push(bodyBytes);
    const [host = "", port = ""] = (this.targets[this.#turn++ % this.targets.length] ?? "").split(":");
    const onward = request({ host, port, path: url, method: incoming.method, headers: incoming.headers, agent: false });
    onward.end(Buffer.concat(body));
    const [answer] = (await once(onward, "response")) as [IncomingMessage];
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  }
}

/** Passes bytes on, after ending TLS where there are `tls` options. */
export class TcpGate implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #target: string;

  private constructor(target: string, tls: TlsOptions | null) {
    this.#target = target;
    const pass = (client: Socket) => this.#pass(client);
    this.#server = tls === null ? createTcpServer(pass) : createTlsServer({ ALPNProtocols: ["h2", "http/1.1"], ...tls }, pass);
    this.#server.on("tlsClientError", () => undefined);
  }

  /** In front of `host:port`. */
  static async open(target: string, tls: TlsOptions | null = null): Promise<TcpGate> {
    const gate = new TcpGate(target, tls);
    gate.#server.listen(0, "127.0.0.1");
    await once(gate.#server, "listening");
    return gate;
  }

  get url(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Nothing passes any more on the connections that there are, and nobody is told; new ones work. */
  swallow(): void {
    for (const socket of this.#sockets) {
      socket.unpipe();
      socket.pause();
    }
    this.#sockets.clear();
  }

  /** Cuts the connections that there are; new ones go to `target`. */
  switchTo(target: string): void {
    this.#target = target;
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #pass(client: Socket): void {
    const [host = "", port = ""] = this.#target.split(":");
    const server = connect(Number(port), host);
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        this.#sockets.delete(socket);
        client.destroy();
        server.destroy();
      });
    }
    client.pipe(server).pipe(client);
  }
}
