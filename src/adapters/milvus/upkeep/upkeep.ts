/** What keeps one collection searchable: its load state, its index, and what its properties say of it. */
import { HeadraceError } from "../../../contracts/index.js";
import { checkAborted, unlessAborted, within } from "../../../kit/index.js";
import type { MilvusConnection } from "../client.js";
import type { Freshness } from "../freshness.js";
import type { IndexSettings, IndexType, InsertSection } from "../options.js";
import { type CollectionShape, indexProperty } from "../schema.js";
import { exchangeIndex, isExact } from "./index-exchange.js";
import { isBusy, type SettledNote, settledNote } from "./index-note.js";
import { LoadState } from "./load-state.js";
import { Properties } from "./properties.js";
import { serve } from "./serving.js";
import { type IndexInPlace, VectorIndex } from "./vector-index.js";
import { until } from "./waits.js";

/** How long opening and querying wait for another process that exchanges the index, which takes some seconds. */
const maxWaitMs = 60_000;
/** How long `close` waits for an exchange that was begun before the call was stopped. */
const maxClosingMs = 30_000;

export class Upkeep {
  readonly properties: Properties;
  readonly index: VectorIndex;
  readonly load: LoadState;
  #current: IndexInPlace | null = null;
  #isServed = false;
  /** The index is not exchanged any more, by whomever. */
  #isSettled: boolean;
  /** An exchange that outlives the call that began it. */
  #exchanging: Promise<unknown> = Promise.resolve();

  constructor(
    readonly connection: MilvusConnection,
    readonly shape: CollectionShape,
    readonly wanted: IndexType,
    readonly settings: IndexSettings,
    readonly insert: Pick<InsertSection, "flush">,
    readonly freshness: Freshness,
  ) {
    this.#isSettled = shape.indexNote === null || shape.indexNote === "built";
    this.properties = new Properties(connection, shape.name);
    this.index = new VectorIndex(connection, shape, settings);
    this.load = new LoadState(connection, shape.name);
  }

  /** Waits for one that is just being created or exchanged, and puts right what a process left that died meanwhile. */
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

  /** Before the first query: loading takes a new collection two seconds, in which rows can be written already. */
  async served(signal?: AbortSignal): Promise<void> {
    if (this.#isServed) return;
    // One that somebody released meanwhile is not being loaded any more: the query itself says so.
    await this.load.untilLoaded(signal);
    this.#isServed = true;
  }

  /** After an answer: whether it was given by a loaded collection. Costs a call as long as the index may be exchanged. */
  async stayedLoaded(signal?: AbortSignal): Promise<boolean> {
    return this.#isSettled || (await this.load.now(signal)) === "loaded";
  }

  /** After a query was told "not loaded": true when that passes, because another process exchanges the index. */
  async comesBack(signal?: AbortSignal): Promise<boolean> {
    if (isBusy(await this.properties.get(indexProperty, signal))) await this.serve(signal);
    else await this.load.untilLoaded(signal);
    this.freshness.reloaded();
    return (await this.load.now(signal)) === "loaded";
  }

  /** Waits for one that is being loaded. */
  async isLoaded(): Promise<boolean> {
    await this.load.untilLoaded();
    return (await this.load.now()) === "loaded";
  }

  /** The vector index in place, or null. Asked again until it is the wanted one: another process may build that. */
  async currentIndex(signal?: AbortSignal): Promise<IndexInPlace | null> {
    if (this.#current?.type === this.wanted) return this.#current;
    this.#current = await this.index.inPlace(signal);
    return this.#current;
  }

  /** Seals the segments that were written, where that is wanted at the end of every call. */
  async settle(signal: AbortSignal): Promise<void> {
    if (this.insert.flush === "end") await this.#flush(signal);
  }

  /** Builds the index that the collection waits for, or waits until the server has built it. One call when nothing is owed. */
  async buildIndex(signal: AbortSignal): Promise<void> {
    checkAborted(signal, `upkeep ${this.shape.name}`);
    const note = await this.#settledNote(signal);
    if (note !== "pending" && note !== "building") {
      this.#isSettled = true;
      return;
    }
    try {
      if (this.wanted !== "FLAT") await this.#putInPlace(signal);
      await this.serve(signal);
      await this.properties.set(indexProperty, "built");
      this.#isSettled = true;
    } catch (error) {
      throw this.#explained(error);
    }
  }

  /** Waits, within bounds, for an exchange that was begun. */
  async close(): Promise<void> {
    await within(this.#exchanging, maxClosingMs);
  }

  /** An index in place that is not the exact one is never dropped: the server may be working on it for hours. */
  async #putInPlace(signal: AbortSignal): Promise<void> {
    if (this.insert.flush === "auto") await this.#flush(signal);
    while (isExact(await this.index.inPlace(signal))) {
      await this.load.untilLoaded(signal);
      // The place is taken, so this only asks the server whether it would take the type and its parameters.
      await this.index.create(this.wanted, signal);
      const exchanged = exchangeIndex(this);
      this.#exchanging = exchanged;
      this.freshness.reloaded();
      if ((await unlessAborted(exchanged, signal, `upkeep ${this.shape.name}`)) === "lost") await this.#settledNote(signal);
    }
    await this.index.untilBuilt(signal);
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
        hint: `${error.hint} The next run on the collection goes on with its index, or \`headrace collection compact ${name}\`.`,
        cause: error,
      },
    );
  }

  /** Milvus allows one flush in ten seconds for each collection. */
  async #flush(signal: AbortSignal): Promise<void> {
    const what = `flush ${this.shape.name}`;
    await until({ what, signal }, async () => {
      try {
        await this.connection.call(what, (client) => client.flush({ collection_names: [this.shape.name] }), { signal });
        return "done";
      } catch (error) {
        if (!HeadraceError.is(error) || error.code !== "overloaded") throw error;
        // When several runs end at once, the one whose flush succeeded continues with the index.
        if (isBusy(await this.properties.get(indexProperty, signal))) return "done";
        return { at: "refused by the rate limit" };
      }
    });
  }
}
