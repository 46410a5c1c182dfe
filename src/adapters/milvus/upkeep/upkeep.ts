/** Keeps one collection searchable: loads the collection, builds its index and maintains its index note. */
import { HeadraceError, type UpkeepOptions } from "../../../contracts/index.js";
import { checkAborted, unlessAborted, within } from "../../../kit/index.js";
import type { MilvusConnection } from "../connection/client.js";
import type { Freshness } from "../connection/freshness.js";
import { Properties } from "../connection/properties.js";
import { type CollectionShape, indexProperty } from "../connection/schema.js";
import { until } from "../connection/waits.js";
import type { IndexSettings, IndexType, InsertSection } from "../options.js";
import { exchangeIndex, isExact } from "./index-exchange.js";
import { isBusy, type SettledNote, settledNote } from "./index-note.js";
import { LoadState } from "./load-state.js";
import { serve } from "./serving.js";
import { type IndexInPlace, VectorIndex } from "./vector-index.js";

/** How long opening and querying wait for another process that replaces the index. A replacement takes a few seconds. */
const maxWaitMs = 60_000;
/** How long `close` waits while this process replaces the index. */
const maxClosingMs = 30_000;

export class Upkeep {
  readonly properties: Properties;
  readonly index: VectorIndex;
  readonly load: LoadState;
  #current: IndexInPlace | null = null;
  #isServed = false;
  /** True when no process will replace the index of this collection any more. */
  #isSettled: boolean;
  /** The running replacement of the index. The replacement continues when the call that started it is aborted. */
  #exchanging: Promise<unknown> = Promise.resolve();

  constructor(
    readonly connection: MilvusConnection,
    readonly shape: CollectionShape,
    readonly wanted: IndexType,
    readonly settings: IndexSettings,
    readonly insert: Pick<InsertSection, "flush" | "index">,
    readonly freshness: Freshness,
  ) {
    this.#isSettled = shape.indexNote === null || shape.indexNote === "built";
    this.properties = new Properties(connection, shape.name);
    this.index = new VectorIndex(connection, shape, settings);
    this.load = new LoadState(this.properties);
  }

  /**
   * Loads the collection. When another process is creating the collection or replacing the index, waits for that process. When that process
   * is dead, takes over the work.
   */
  async serve(signal?: AbortSignal): Promise<void> {
    const state = await this.load.now(signal);
    if (state === "loaded") return;
    this.freshness.reloaded();
    if (state === "released") {
      const note = await this.#settledNote(signal);
      await serve(this.index, this.load, note === "pending" ? "FLAT" : this.wanted, signal);
    }
    await this.load.untilLoaded(signal);
  }

  /**
   * Called before each query. The first call waits until the collection is loaded. Loading a new collection takes two seconds. Rows can
   * already be written during that time.
   */
  async served(signal?: AbortSignal): Promise<void> {
    if (this.#isServed) return;
    // Returns at once when the collection is released. The query then fails with "not loaded".
    await this.load.untilLoaded(signal);
    this.#isServed = true;
  }

  /**
   * Called after the answer to a query: returns whether the collection is still loaded. Asks the server only if a process may still replace
   * the index.
   */
  async stayedLoaded(signal?: AbortSignal): Promise<boolean> {
    return this.#isSettled || (await this.load.now(signal)) === "loaded";
  }

  /**
   * Called when the collection was not loaded during a call. Waits while another process replaces the index or the server loads the
   * collection. Then returns whether the collection is loaded.
   */
  async comesBack(signal?: AbortSignal): Promise<boolean> {
    if (isBusy(await this.properties.get(indexProperty, signal))) await this.serve(signal);
    else await this.load.untilLoaded(signal);
    this.freshness.reloaded();
    return (await this.load.now(signal)) === "loaded";
  }

  /** Waits while the collection is loading. Then returns whether the collection is loaded. */
  async isLoaded(): Promise<boolean> {
    await this.load.untilLoaded();
    return (await this.load.now()) === "loaded";
  }

  /**
   * Returns the current index of the vector field, or null. Asks the server until the index has the configured type, because another
   * process may build that index.
   */
  async currentIndex(signal?: AbortSignal): Promise<IndexInPlace | null> {
    if (this.#current?.type === this.wanted) return this.#current;
    this.#current = await this.index.inPlace(signal);
    return this.#current;
  }

  /** Flushes the collection if `insert.flush` is "end". Milvus then seals the segments with the written rows. */
  async settle(signal: AbortSignal): Promise<void> {
    if (this.insert.flush === "end") await this.#flush(signal);
  }

  /** Flushes the collection before an index is built, because Milvus indexes only sealed segments. */
  async seal(signal: AbortSignal): Promise<void> {
    if (this.insert.flush === "auto") await this.#flush(signal);
  }

  /** True if this process builds the index only when a user asks for it. */
  get isOnDemand(): boolean {
    return this.insert.index === "never";
  }

  /**
   * Creates the configured index if it does not exist yet, and waits until the server has built the index. Makes only one call to the
   * server when the index is complete.
   */
  async buildIndex(signal: AbortSignal, options: UpkeepOptions = {}): Promise<void> {
    checkAborted(signal, `upkeep ${this.shape.name}`);
    const note = await this.#settledNote(signal);
    if (note !== "pending" && note !== "building") {
      this.#isSettled = true;
      return;
    }
    try {
      if (this.wanted !== "FLAT") await this.#createWanted(signal, options);
      await this.serve(signal);
      await this.properties.set({ [indexProperty]: "built" });
      this.#isSettled = true;
    } catch (error) {
      throw this.#explained(error);
    }
  }

  /** Waits while this process replaces the index, for at most `maxClosingMs`. */
  async close(): Promise<void> {
    await within(this.#exchanging, maxClosingMs);
  }

  /** Replaces only the exact index. Any other index is kept, because the server may have worked for hours to build it. */
  async #createWanted(signal: AbortSignal, options: UpkeepOptions): Promise<void> {
    await this.seal(signal);
    while (isExact(await this.index.inPlace(signal))) {
      await this.load.untilLoaded(signal);
      // The vector field has the exact index already, so Milvus creates no index now. Milvus only validates the configured type and its
      // parameters.
      await this.index.create(this.wanted, signal);
      const exchanged = exchangeIndex(this);
      this.#exchanging = exchanged;
      this.freshness.reloaded();
      if ((await unlessAborted(exchanged, signal, `upkeep ${this.shape.name}`)) === "lost") await this.#settledNote(signal);
    }
    await this.index.untilBuilt(signal, options);
  }

  async #settledNote(signal?: AbortSignal): Promise<string | undefined> {
    const takeOver = async (): Promise<SettledNote> => (isExact(await this.index.inPlace()) ? "pending" : "building");
    return settledNote(this.properties, takeOver, { maxWaitMs, signal });
  }

  #explained(error: unknown): unknown {
    if (!HeadraceError.is(error) || error.code === "aborted") return error;
    const { name } = this.shape;
    return new HeadraceError(
      error.code,
      `${error.message}; the rows are stored, and ${name} is searched exactly until its index is built`,
      {
        scope: error.scope,
        retryable: error.retryable,
        hint: `${error.hint} The next run on the collection builds the index; so does \`headrace collection compact ${name}\`.`,
        cause: error,
      },
    );
  }

  /** Milvus allows one flush per collection in ten seconds. Refused flushes are tried again. */
  async #flush(signal: AbortSignal): Promise<void> {
    const what = `flush ${this.shape.name}`;
    await until({ what, signal, maxStallMs: this.connection.maxStallMs }, async () => {
      try {
        await this.connection.call(what, (client) => client.flush({ collection_names: [this.shape.name] }), { signal });
        return "done";
      } catch (error) {
        if (!HeadraceError.is(error) || error.code !== "overloaded") throw error;
        // Several processes may flush at the same time. The process whose flush succeeds builds the index, so this process can stop.
        if (isBusy(await this.properties.get(indexProperty, signal))) return "done";
        return { at: "refused by the rate limit" };
      }
    });
  }
}
