/** The store and the pipeline of one history. */
import { lancedbStore } from "../../../src/adapters/lancedb/index.js";
import { memoryStore } from "../../../src/adapters/memory/index.js";
import type { ImageEmbeddingPipeline } from "../../../src/app/index.js";
import type { VectorStore } from "../../../src/contracts/index.js";
import type { Call } from "./calls.js";
import { commandCall } from "./command-call.js";
import { type BeforeCall, interruptedStore } from "./interrupted-store.js";
import { type CallHooks, collectionName, type Ended, makeCall, openPipeline } from "./product.js";
import type { Row } from "./rows.js";

/** "command": a LanceDB table that the command line writes. */
export type StoreKind = "memory" | "lancedb" | "command";

export class Shop implements AsyncDisposable {
  /** Called before each call of the store. */
  before: BeforeCall = async () => undefined;
  /** Rows that another writer has inserted during a call. */
  readonly inserted: Row[] = [];
  #pipeline!: ImageEmbeddingPipeline;
  #store!: VectorStore;

  private constructor(
    readonly kind: StoreKind,
    readonly folder: string,
  ) {}

  static async open(kind: StoreKind, folder: string): Promise<Shop> {
    const shop = new Shop(kind, folder);
    await shop.#open();
    return shop;
  }

  get pipeline(): ImageEmbeddingPipeline {
    return this.#pipeline;
  }

  get store(): VectorStore {
    return this.#store;
  }

  /** The files with deleted rows. */
  async deletedFiles(): Promise<readonly string[]> {
    return (await this.#pipeline.deletedFiles(collectionName)).map(({ path }) => path);
  }

  /** Makes a call as the users of this kind of history do. */
  async call(call: Call, hooks: CallHooks): Promise<Ended> {
    if (this.kind === "command") return this.away(() => commandCall(call, { folder: this.folder }));
    return makeCall(this.#pipeline, call, hooks);
  }

  /** Closes everything, lets another process work, and opens everything again. */
  async away<T>(work: () => Promise<T>): Promise<T> {
    await this.#pipeline.close();
    const result = await work();
    await this.#open();
    return result;
  }

  async #open(): Promise<void> {
    const store = this.kind === "memory" ? memoryStore({ maxWriters: 1 }) : lancedbStore({ path: this.folder });
    this.#store = interruptedStore(store, (...args) => this.before(...args));
    this.#pipeline = await openPipeline(this.folder, this.#store);
  }

  [Symbol.asyncDispose] = (): Promise<void> => this.#pipeline.close();
}
