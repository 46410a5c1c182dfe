/** A LanceDB store in a folder of its own, for tests. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LanceStore, type LanceStoreOptions, lancedbStore } from "../../src/adapters/lancedb/index.js";
import { calm } from "../conformance/store-rows-data.js";

export interface TestStore {
  readonly path: string;
  readonly store: LanceStore;
  close(): Promise<void>;
}

export async function openTestStore(options: LanceStoreOptions = {}): Promise<TestStore> {
  const path = await mkdtemp(join(tmpdir(), "headrace-store-"));
  const store = lancedbStore({ path, ...options });
  await store.open(calm);
  return {
    path,
    store,
    close: async () => {
      await store.close();
      await rm(path, { recursive: true });
    },
  };
}
