/** What the live tests of Milvus share: the server, a store on it, rows. */
import { setMaxListeners } from "node:events";
import { after, before } from "node:test";
import {
  type InsertSection,
  type MilvusSection,
  type MilvusStore,
  type MilvusStoreOptions,
  milvusStore,
} from "../../../src/adapters/milvus/index.js";
import { installMilvus, type MilvusServer, type MilvusUse, startMilvus } from "../../support/services/milvus.js";
import { skipUnless } from "../../support/services/required.js";

export { keys, rowsOf } from "./rows.js";

type Section = Partial<MilvusSection>;

/** The reason to skip, or false. */
export const missing = await skipUnless("Milvus", installMilvus);

/** Never fires. Tests write with it many times at once, and each call listens. */
export const calm: AbortSignal = new AbortController().signal;
setMaxListeners(0, calm);

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

  settings(section: Section = {}): Section {
    const [host = "", port = ""] = this.server.address.split(":");
    return { host, port: Number(port), indexType: "FLAT", ...section };
  }

  /** Open; closed at the end. */
  async store(section: Section = {}, insert: Partial<InsertSection> = {}, options: MilvusStoreOptions = {}): Promise<MilvusStore> {
    const store = milvusStore(this.settings(section), insert, options);
    await store.open(calm);
    this.#stores.push(store);
    return store;
  }

  async #clear(): Promise<void> {
    const store = await this.store();
    for (const { name } of await store.list()) if (name.startsWith(this.prefix)) await store.drop(name);
  }
}
