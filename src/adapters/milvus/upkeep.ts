/** Index, load state and properties of one collection. */
import { setTimeout as sleep } from "node:timers/promises";
import type { IndexDescription } from "@zilliz/milvus2-sdk-node";
import { HeadraceError } from "../../contracts/index.js";
import { abortedError, checkAborted } from "../../kit/index.js";
import type { MilvusConnection } from "./client.js";
import { isIndexMissing } from "./errors.js";
import { buildParameters } from "./indexes.js";
import type { IndexSettings, IndexType, InsertOptions } from "./options.js";
import { type CollectionShape, indexProperty, metricNames } from "./schema.js";

/** How long loading and index building may stand still before the call fails. */
const patienceMs = 600_000;
const pollMs = 100;
const loaded = "LoadStateLoaded";
const loading = "LoadStateLoading";

export class Upkeep {
  #pending: boolean;
  #current: IndexType | null = null;
  #serving: "unknown" | "loaded" = "unknown";

  constructor(
    readonly connection: MilvusConnection,
    readonly shape: CollectionShape,
    readonly wanted: IndexType,
    readonly settings: IndexSettings,
    readonly insert: Pick<InsertOptions, "flush">,
  ) {
    this.#pending = shape.indexPending;
  }

  /** Lets the collection answer queries soon: an index if it has none, then the request to load it. Rows can be written at once. */
  async serve(signal?: AbortSignal): Promise<void> {
    if ((await this.#loadState(signal)) === loaded) {
      this.#serving = "loaded";
      return;
    }
    if ((await this.currentIndex(signal)) === null) await this.#createIndex(this.#pending ? "FLAT" : this.wanted, signal);
    await this.#requestLoad(signal);
  }

  /** Before the first query: loading takes a new collection two seconds, in which rows can be written already. */
  async served(signal?: AbortSignal): Promise<void> {
    if (this.#serving === "loaded") return;
    // One that somebody released meanwhile is not being loaded any more: the query itself says so.
    await this.#until(`load ${this.shape.name}`, signal, async () => (await this.#loadState(signal)) !== loading);
    this.#serving = "loaded";
  }

  /** Waits for one that is being loaded. */
  async isLoaded(): Promise<boolean> {
    const state = await this.#loadState();
    if (state === loading) await this.#untilLoaded();
    return state === loaded || state === loading;
  }

  /** Kind of the vector index in place, or null. Asked again until it is the wanted one: another process may build that. */
  async currentIndex(signal?: AbortSignal): Promise<IndexType | null> {
    if (this.#current === this.wanted) return this.#current;
    const found = await this.#vectorIndex(signal);
    this.#current = (found?.params.find(({ key }) => key === "index_type")?.value as IndexType | undefined) ?? null;
    return this.#current;
  }

  /** Other fields may have indexes that somebody else made. */
  async #vectorIndex(signal?: AbortSignal): Promise<IndexDescription | undefined> {
    const { name: collection_name, vectorField: field_name } = this.shape;
    const { index_descriptions } = await this.connection.call(
      `describe the index of ${collection_name}`,
      async (client) => {
        const answer = await client.describeIndex({ collection_name, field_name });
        return isIndexMissing(answer.status) ? { index_descriptions: [] } : answer;
      },
      { signal },
    );
    return index_descriptions.find((index) => index.field_name === field_name);
  }

  async setProperty(key: string, value: string): Promise<void> {
    await this.connection.call(`describe ${this.shape.name} anew`, (client) =>
      client.alterCollectionProperties({ collection_name: this.shape.name, properties: { [key]: value } }),
    );
  }

  /** Seals the segments that were written, where that is wanted at the end of every call. */
  async settle(signal: AbortSignal): Promise<void> {
    if (this.insert.flush === "end") await this.#flush(signal);
  }

  /** Builds the index that a new collection waits for. */
  async exchangeIndex(signal: AbortSignal): Promise<void> {
    checkAborted(signal, `upkeep ${this.shape.name}`);
    if (!this.#pending) return;
    if (this.insert.flush === "auto") await this.#flush(signal);
    if (this.wanted !== "FLAT") await this.#replaceIndex(signal);
    await this.setProperty(indexProperty, "built");
    this.#pending = false;
  }

  async #replaceIndex(signal: AbortSignal): Promise<void> {
    const { name: collection_name, vectorField: field_name } = this.shape;
    await this.served(signal);
    await this.connection.call(`release ${collection_name}`, (client) => client.releaseCollection({ collection_name }), { signal });
    const exact = await this.#vectorIndex(signal);
    if (exact !== undefined) {
      this.#current = null;
      await this.connection.call(
        `drop the exact index of ${collection_name}`,
        (client) => client.dropIndex({ collection_name, field_name, index_name: exact.index_name }),
        { signal },
      );
    }
    await this.#createIndex(this.wanted, signal);
    await this.#built(signal);
    await this.#requestLoad(signal);
    await this.#untilLoaded(signal);
  }

  async #createIndex(type: IndexType, signal?: AbortSignal): Promise<void> {
    const { name: collection_name, vectorField: field_name, metric, dimension } = this.shape;
    const params = { ...buildParameters(type, this.settings, dimension) };
    await this.connection.call(
      `create the index ${type} of ${collection_name}`,
      (client) => client.createIndex({ collection_name, field_name, index_type: type, metric_type: metricNames[metric], params }),
      { signal },
    );
    this.#current = type;
  }

  async #built(signal?: AbortSignal): Promise<void> {
    const what = `build the index of ${this.shape.name}`;
    await this.#until(what, signal, async () => {
      const index = await this.#vectorIndex(signal);
      if (index?.state === "Failed") {
        throw new HeadraceError("unexpected", `${what}: Milvus says: ${index.index_state_fail_reason}`);
      }
      return index?.state === "Finished" && Number(index.pending_index_rows) === 0;
    });
  }

  async #requestLoad(signal?: AbortSignal): Promise<void> {
    const { name: collection_name } = this.shape;
    await this.connection.call(`load ${collection_name}`, (client) => client.loadCollectionAsync({ collection_name }), { signal });
  }

  async #untilLoaded(signal?: AbortSignal): Promise<void> {
    await this.#until(`load ${this.shape.name}`, signal, async () => (await this.#loadState(signal)) === loaded);
    this.#serving = "loaded";
  }

  async #loadState(signal?: AbortSignal): Promise<string> {
    const { name: collection_name } = this.shape;
    const { state } = await this.connection.call(`load state of ${collection_name}`, (client) => client.getLoadState({ collection_name }), {
      signal,
    });
    if (String(state) === "LoadStateNotExist")
      throw new HeadraceError("collection_not_found", `collection ${collection_name}: it is not there`);
    return String(state);
  }

  /** Milvus allows one flush in ten seconds for each collection. */
  async #flush(signal: AbortSignal): Promise<void> {
    await this.#until(`flush ${this.shape.name}`, signal, async () => {
      try {
        await this.connection.call(`flush ${this.shape.name}`, (client) => client.flush({ collection_names: [this.shape.name] }), {
          signal,
        });
        return true;
      } catch (error) {
        if (HeadraceError.is(error) && error.code === "overloaded") return false;
        throw error;
      }
    });
  }

  async #until(what: string, signal: AbortSignal | undefined, done: () => Promise<boolean>): Promise<void> {
    const until = Date.now() + patienceMs;
    while (!(await done())) {
      if (Date.now() > until) throw new HeadraceError("timed_out", `${what}: not done within ${patienceMs / 1000} s`, { scope: "service" });
      try {
        await sleep(pollMs, undefined, signal === undefined ? {} : { signal });
      } catch {
        throw abortedError(signal!, what);
      }
    }
  }
}
