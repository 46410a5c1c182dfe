/** Second names of collections. Get them from `pipeline.aliases`. All calls and commands take an alias where they take a name. */
import type { Alias } from "../../contracts/index.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";

export class Aliases {
  readonly #parts: PipelineParts;

  constructor(parts: PipelineParts) {
    this.#parts = parts;
  }

  /** Lists all aliases of the store, sorted. */
  async list(): Promise<readonly Alias[]> {
    return (await this.#store()).aliases();
  }

  /**
   * Makes `alias` a name of the collection, in one step. Runs that use the alias already stay with the collection that they have opened. Throws
   * `collection_exists` if a collection has the name `alias`, and `collection_not_found` if none has the name `collection`.
   */
  async set(alias: string, collection: string): Promise<void> {
    await (await this.#store()).setAlias(alias, collection);
  }

  /** Removes an alias. The collection stays. Throws `alias_not_found`. */
  async drop(alias: string): Promise<void> {
    await (await this.#store()).dropAlias(alias);
  }

  #store() {
    return this.#parts.store(new AbortController().signal);
  }
}
