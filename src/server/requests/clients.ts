/** What each client has at the moment. Clients that have nothing are forgotten. */
import type { UrlBytes } from "../../app/index.js";
import type { Semaphore } from "../../kit/index.js";

interface Client {
  /** Requests whose answer comes soon. */
  open: number;
  /** Requests whose answer stays open for long. */
  streams: number;
  /** Work that runs, or waits for its turn. */
  work: number;
  /** The size of the bodies of its open requests. */
  bodyBytes: number;
  /** Made with the first work. */
  share: WorkShare | null;
}

/** What all work of one client shares. */
export interface WorkShare {
  readonly slots: Semaphore;
  readonly urlBytes: UrlBytes;
}

export class Clients {
  readonly #clients = new Map<string, Client>();

  openOf(name: string): number {
    return this.#clients.get(name)?.open ?? 0;
  }

  bodyBytesOf(name: string): number {
    return this.#clients.get(name)?.bodyBytes ?? 0;
  }

  streamsOf(name: string): number {
    return this.#clients.get(name)?.streams ?? 0;
  }

  count(name: string, what: "open" | "streams" | "work" | "bodyBytes", change: number): void {
    const client = this.#of(name);
    client[what] += change;
    const { open, streams, work, bodyBytes } = client;
    if (open === 0 && streams === 0 && work === 0 && bodyBytes === 0) this.#clients.delete(name);
  }

  /** Calls `use` with what all work of the client shares. `make` is called for the first work of a client that had none. */
  async inShare<T>(name: string, make: () => WorkShare, use: (share: WorkShare) => Promise<T>): Promise<T> {
    this.count(name, "work", 1);
    const client = this.#of(name);
    client.share ??= make();
    try {
      return await use(client.share);
    } finally {
      this.count(name, "work", -1);
    }
  }

  #of(name: string): Client {
    const found = this.#clients.get(name) ?? { open: 0, streams: 0, work: 0, bodyBytes: 0, share: null };
    this.#clients.set(name, found);
    return found;
  }
}
