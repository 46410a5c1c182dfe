/** What the live tests of Milvus share: the server, a store on it, rows. */
import { after, before } from "node:test";
import { installMilvus, type MilvusServer, type MilvusUse, startMilvus } from "../../../scripts/services/milvus.js";
import { skipUnless } from "../../../scripts/services/required.js";
import { type MilvusStore, type MilvusStoreOptions, milvusStore } from "../../../src/adapters/milvus/index.js";
import { type InsertOptions, milvusSettings } from "../../../src/adapters/milvus/options.js";
import type { Key, Metadata, RowBatch } from "../../../src/contracts/index.js";
import { metadataHash } from "../../../src/kit/index.js";

type Section = NonNullable<Parameters<typeof milvusSettings>[0]>;

/** The reason to skip, or false. */
export const missing = await skipUnless("Milvus", installMilvus);

export const calm: AbortSignal = new AbortController().signal;

export const insertDefaults: InsertOptions = { index: "auto", flush: "auto", maxBytesMb: 24 };

/** One server for the tests of a file; collections whose names begin with its prefix are dropped before and after. */
export class LiveMilvus {
  #server: MilvusServer | null = null;
  readonly #stores: MilvusStore[] = [];

  constructor(
    readonly prefix: string,
    use: MilvusUse = {},
  ) {
    if (missing !== false) return;
    before(async () => {
      this.#server = await startMilvus(use);
      await this.#clear();
    });
    after(async () => {
      await this.#clear();
      for (const store of this.#stores) await store.close();
      await this.#server?.stop();
    });
  }

  get server(): MilvusServer {
    if (this.#server === null) throw new Error("the server starts before the first test");
    return this.#server;
  }

  settings(section: Section = {}) {
    const [host = "", port = ""] = this.server.address.split(":");
    return milvusSettings({ host, port: Number(port), index_type: "FLAT", ...section });
  }

  /** Open; closed at the end. */
  async store(section: Section = {}, insert: Partial<InsertOptions> = {}, options: MilvusStoreOptions = {}): Promise<MilvusStore> {
    const store = milvusStore(this.settings(section), { ...insertDefaults, ...insert }, options);
    await store.open(calm);
    this.#stores.push(store);
    return store;
  }

  async #clear(): Promise<void> {
    const store = await this.store();
    for (const { name } of await store.list()) if (name.startsWith(this.prefix)) await store.drop(name);
  }
}

export interface RowsOptions {
  readonly dimension?: number;
  readonly metadata?: (index: number) => Metadata;
  readonly version?: string;
}

/** Rows whose every value follows from their key. */
export function rowsOf(ids: readonly Key[], options: RowsOptions = {}): RowBatch {
  const { dimension = 8, version = "1" } = options;
  const vectors = new Float32Array(ids.length * dimension);
  for (let at = 0; at < vectors.length; at += 1) vectors[at] = Math.sin(at * 0.7 + ids.length) + 0.01;
  const facts = ids.map((id, index) => {
    const metadata = options.metadata?.(index) ?? { index };
    return {
      source: `file:///live/${id}.jpg`,
      root: "file:///live",
      version,
      content: `content of ${id}`,
      metadata,
      metadataHash: metadataHash(metadata),
      width: 640,
      height: 480,
    };
  });
  return { ids, vectors, dimension, facts, ingestedAt: 1_700_000_000_000 };
}

export function keys(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, index) => `key-${String(from + index).padStart(6, "0")}`);
}
