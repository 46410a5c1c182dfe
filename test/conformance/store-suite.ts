/** What the parts of the vector store suite share: the store under test, and collections that are removed at the end. */
import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { type Collection, type CollectionSchema, type ErrorCode, HeadraceError, type VectorStore } from "../../src/contracts/index.js";
import { batchOf, calm, dimension, type TestRow } from "./store-rows-data.js";

/** What a store may not be able to do. */
export type StoreCapability =
  /** Refuses a metadata value of another type than its column's. */
  | "metadata types"
  /** Limits the metadata keys of a collection to 256. */
  | "metadata limit"
  /** Keeps apart text with zero bytes in it. */
  | "zero bytes"
  /** Takes the key 2^63 - 1. */
  | "largest int64"
  /** Orders text in filters by code point. */
  | "text order"
  /** Finds a text inside of texts. */
  | "contains"
  /** Builds an index on a metadata key. */
  | "key indexes"
  /** Sees its own writes at once in every kind of call. */
  | "read after write";

export interface VectorStoreUnderTest {
  /** Open, and without collections named `conformance_…`. */
  readonly store: VectorStore;
  /** Removes what the suite made. */
  close(): Promise<void>;
}

export interface ConformanceOptions {
  readonly cannot: readonly StoreCapability[];
  /** Generated filters. Default 100. */
  readonly filterRuns?: number;
}

/** One suite over one store. Call `register` inside its `describe`. */
export class StoreSuite {
  readonly cannot: readonly StoreCapability[];
  readonly filterRuns: number;
  #made: VectorStoreUnderTest | null = null;
  #counter = 0;
  readonly #opened: Collection[] = [];

  constructor(
    readonly make: () => Promise<VectorStoreUnderTest>,
    options: ConformanceOptions,
  ) {
    this.cannot = options.cannot;
    this.filterRuns = options.filterRuns ?? 100;
  }

  register(): void {
    before(async () => {
      this.#made = await this.make();
    });
    after(async () => {
      for (const collection of this.#opened) await collection.close();
      for (const { name } of await this.store.list()) if (name.startsWith("conformance_")) await this.store.drop(name);
      await this.#made?.close();
    });
  }

  get store(): VectorStore {
    assert.ok(this.#made, "the store is made before the first test");
    return this.#made.store;
  }

  async create(schema: Partial<CollectionSchema> = {}): Promise<Collection> {
    this.#counter += 1;
    const name = `conformance_${this.#counter}`;
    return this.#keep(await this.store.create(name, { dimension, metric: "cosine", passport: null, ...schema }));
  }

  async reopen(collection: Collection): Promise<Collection> {
    return this.#keep(await this.store.openCollection(collection.name, "read"));
  }

  /** Writes rows that must all be taken. */
  async upsert(collection: Collection, rows: readonly TestRow[], ingestedAt?: number): Promise<void> {
    assert.deepEqual(await collection.upsert(batchOf(rows, ingestedAt), calm), []);
  }

  /** A test that a store may be excused from. */
  needs(capability: StoreCapability, title: string, body: () => Promise<void>): void {
    it(title, { skip: this.cannot.includes(capability) ? `cannot: ${capability}` : false }, body);
  }

  #keep(collection: Collection): Collection {
    this.#opened.push(collection);
    return collection;
  }
}

export async function rejects(code: ErrorCode, promise: Promise<unknown>): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(HeadraceError.is(error), `expected ${code}, found ${error}`);
    assert.equal(error.code, code, error.message);
    return true;
  });
}
