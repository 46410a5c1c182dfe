/** LanceDB is a vector store. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lancedbStore } from "../../src/adapters/lancedb/index.js";
import { calm } from "./store-rows-data.js";
import { vectorStoreConformance } from "./vector-store.js";

vectorStoreConformance(
  "LanceDB",
  async () => {
    const path = await mkdtemp(join(tmpdir(), "headrace-lancedb-"));
    const store = lancedbStore({ path });
    await store.open?.(calm);
    return {
      store,
      close: async () => {
        await store.close?.();
        await rm(path, { recursive: true });
      },
    };
  },
  { cannot: [] },
);
