/** Lets the updates of a collection read and write their rows one after the other, so that none writes back what another has replaced. */
import { SerialQueue } from "../../kit/index.js";

export class UpdateTurns {
  /** By collection. A collection is in the map while one of its updates waits or works. */
  readonly #queues = new Map<string, { readonly queue: SerialQueue; users: number }>();

  async run<T>(collection: string, update: () => Promise<T>): Promise<T> {
    const turns = this.#queues.get(collection) ?? { queue: new SerialQueue(), users: 0 };
    this.#queues.set(collection, turns);
    turns.users += 1;
    try {
      return await turns.queue.run(update);
    } finally {
      turns.users -= 1;
      if (turns.users === 0) this.#queues.delete(collection);
    }
  }
}
