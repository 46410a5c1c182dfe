/** The load state of a collection. Milvus answers queries only for loaded collections. */
import { HeadraceError } from "../../../contracts/index.js";
import type { MilvusConnection } from "../connection/client.js";
import type { Properties } from "../connection/properties.js";
import { until } from "../connection/waits.js";
import { isNotLoaded } from "../errors.js";
import { loadParameters, rememberReplicas } from "./replicas.js";

export type LoadedAs = "loaded" | "loading" | "released";

export class LoadState {
  readonly connection: MilvusConnection;
  readonly collection: string;

  constructor(readonly properties: Properties) {
    this.connection = properties.connection;
    this.collection = properties.collection;
  }

  /** Asks the server for the load state. Throws `collection_not_found` when the collection does not exist. */
  async now(signal?: AbortSignal): Promise<LoadedAs> {
    const { collection } = this;
    const { state } = await this.connection.call(
      `load state of ${collection}`,
      (client) => client.getLoadState({ collection_name: collection }),
      { signal },
    );
    if (String(state) === "LoadStateNotExist")
      throw new HeadraceError("collection_not_found", `collection ${collection}: expected a collection, found none`);
    if (String(state) === "LoadStateLoaded") return "loaded";
    return String(state) === "LoadStateLoading" ? "loading" : "released";
  }

  /**
   * Requests that the server loads the collection, with as many copies as before it was released. The server continues loading even if this
   * process ends.
   */
  async request(signal?: AbortSignal): Promise<void> {
    const { collection: collection_name } = this;
    const parameters = loadParameters(await this.properties.describe(signal));
    await this.connection.call(`load ${collection_name}`, (client) => client.loadCollectionAsync({ collection_name, ...parameters }), {
      signal,
    });
  }

  async release(): Promise<void> {
    const { collection: collection_name } = this;
    await rememberReplicas(this.properties);
    await this.connection.call(`release ${collection_name}`, (client) => client.releaseCollection({ collection_name }));
  }

  /** Waits while the collection is loading. Returns at once when the collection is released, that is, not loaded. */
  async untilLoaded(signal?: AbortSignal): Promise<void> {
    const what = `load ${this.collection}`;
    await until({ what, signal, maxStallMs: this.connection.maxStallMs }, async () => {
      if ((await this.now(signal)) !== "loading") return "done";
      return { at: await this.#progress(what, signal) };
    });
  }

  /** Another process may release the collection between two calls. The server then knows no progress, and the next look finds out why. */
  async #progress(what: string, signal?: AbortSignal): Promise<string> {
    const { collection: collection_name } = this;
    try {
      const { progress } = await this.connection.call(what, (client) => client.getLoadingProgress({ collection_name }), { signal });
      return `${progress} %`;
    } catch (error) {
      if (isNotLoaded(error)) return "no longer loading";
      throw error;
    }
  }
}
