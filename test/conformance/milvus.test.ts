/** Milvus is a vector store: the suite against the real server. */
import { it } from "node:test";
import { milvusStore } from "../../src/adapters/milvus/index.js";
import { extent } from "../support/extent.js";
import { installMilvus, startMilvus } from "../support/services/milvus.js";
import { skipUnless } from "../support/services/required.js";
import { vectorStoreConformance } from "./vector-store.js";

const missing = await skipUnless("Milvus", installMilvus);

if (missing !== false) it("milvus is a vector store", { skip: missing }, () => undefined);
else {
  vectorStoreConformance(
    "milvus",
    async () => {
      const server = await startMilvus();
      const [host = "", port = ""] = server.address.split(":");
      const store = milvusStore({ host, port: Number(port), indexType: "FLAT" });
      await store.open(new AbortController().signal);
      for (const { name } of await store.list()) if (name.startsWith("conformance_")) await store.drop(name);
      return {
        store,
        close: async () => {
          await store.close();
          await server.stop();
        },
      };
    },
    { cannot: ["largest int64", "key indexes", "contains"], filterRuns: extent({ some: 20, all: 60 }) },
  );
}
