/** What each client has at the moment. Clients that have nothing are forgotten. */
import { Semaphore } from "../../kit/index.js";

interface Client {
  /** Requests whose answer comes soon. */
  open: number;
  /** Requests whose answer stays open for long. */
  streams: number;
  /** Work that runs, or waits for its turn. */
  work: number;
  /** Made with the first work. */
  slots: Semaphore | null;
}

export class Clients {
  readonly #clients = new Map<string, Client>();

  openOf(name: string): number {
    return this.#clients.get(name)?.open ?? 0;
  }

  streamsOf(name: string): number {
    return this.#clients.get(name)?.streams ?? 0;
  }

  count(name: string, what: "open" | "streams" | "work", change: 1 | -1): void {
    const client = this.#of(name);
    client[what] += change;
    if (client.open === 0 && client.streams === 0 && client.work === 0) this.#clients.delete(name);
  }

  /** Calls `use` with the semaphore that all work of the client shares. `limit`: of all calls the same. */
  async inShare<T>(name: string, limit: number, use: (slots: Semaphore) => Promise<T>): Promise<T> {
    this.count(name, "work", 1);
    const client = this.#of(name);
    client.slots ??= new Semaphore(limit);
    try {
      return await use(client.slots);
    } finally {
      this.count(name, "work", -1);
    }
  }

  #of(name: string): Client {
    const found = this.#clients.get(name) ?? { open: 0, streams: 0, work: 0, slots: null };
    this.#clients.set(name, found);
    return found;
  }
}
