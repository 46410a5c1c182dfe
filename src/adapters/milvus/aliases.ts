/** Aliases of collections in Milvus. */
import { type Alias, HeadraceError } from "../../contracts/index.js";
import { compareText } from "../../filter/index.js";
import { aliasIsCollection, aliasNotFound, aliasTargetMissing, nameIsAlias } from "../../kit/index.js";
import type { MilvusConnection } from "./connection/client.js";
import { isForbidden } from "./errors.js";

export class MilvusAliases {
  readonly #connection: MilvusConnection;

  constructor(connection: MilvusConnection) {
    this.#connection = connection;
  }

  /** Sorted by alias. Also aliases that other programs have set. */
  async list(): Promise<readonly Alias[]> {
    const names = await this.#collections();
    const found = await Promise.all(names.map((name) => this.#of(name)));
    return found.flat().sort((a, b) => compareText(a.alias, b.alias));
  }

  /** Throws `collection_exists` and `collection_not_found`. */
  async set(alias: string, collection: string): Promise<void> {
    const names = await this.#collections();
    if (names.includes(alias)) throw aliasIsCollection(alias);
    if (!names.includes(collection)) throw aliasTargetMissing(alias, collection);
    const isKnown = (await this.list()).some((each) => each.alias === alias);
    const request = { alias, collection_name: collection };
    await this.#connection.call(`set alias ${alias}`, (client) => (isKnown ? client.alterAlias(request) : client.createAlias(request)));
  }

  /** Throws `alias_not_found`. */
  async drop(alias: string): Promise<void> {
    if (!(await this.list()).some((each) => each.alias === alias)) throw aliasNotFound(alias);
    await this.#connection.call(`drop alias ${alias}`, (client) => client.dropAlias({ alias }));
  }

  /** Throws `collection_exists` if an alias has the name of a new collection. Milvus finds a collection of such a name. */
  async refuseNew(name: string): Promise<void> {
    const meant = (await this.list()).find(({ alias }) => alias === name);
    if (meant !== undefined) throw nameIsAlias(name, meant.collection);
  }

  async #collections(): Promise<readonly string[]> {
    const { data } = await this.#connection.call("list collections", (client) => client.showCollections());
    return data.map(({ name }) => name);
  }

  /** A collection that was dropped meanwhile has no aliases. Those that this user may not see are left out. */
  async #of(collection: string): Promise<readonly Alias[]> {
    try {
      const { aliases } = await this.#connection.call(`aliases of ${collection}`, (client) =>
        client.listAliases({ collection_name: collection }),
      );
      return aliases.map((alias) => ({ alias, collection }));
    } catch (error) {
      if (isForbidden(error) || (HeadraceError.is(error) && error.code === "collection_not_found")) return [];
      throw error;
    }
  }
}
