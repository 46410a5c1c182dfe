/** A web server of the tests on loopback that goes away in the middle of a run, in one way or another, and comes back. */
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type Absence = "refuses connections" | "answers 503" | "drops connections";

export class AwayServer implements AsyncDisposable {
  #server: Server;
  #port = 0;
  #absence: Absence | null = null;
  /** Paths of the pictures that were sent, in order. */
  readonly sent: string[] = [];

  private constructor(readonly answer: (path: string, response: ServerResponse) => void) {
    this.#server = this.#made();
  }

  /** `answer`: what is sent for a path while the server is there. */
  static async start(answer: (path: string, response: ServerResponse) => void): Promise<AwayServer> {
    const server = new AwayServer(answer);
    await server.#listen();
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  leave(absence: Absence): void {
    this.#absence = absence;
    if (absence !== "refuses connections") return;
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async comeBack(): Promise<void> {
    const absence = this.#absence;
    this.#absence = null;
    if (absence !== "refuses connections") return;
    this.#server = this.#made();
    await this.#listen();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #made(): Server {
    return createServer(({ url = "/", socket }, response) => {
      if (this.#absence === "answers 503") response.writeHead(503).end();
      else if (this.#absence === "drops connections") socket.destroy();
      else {
        this.sent.push(url);
        this.answer(url, response);
      }
    });
  }

  async #listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.#port, "127.0.0.1", resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
  }
}
