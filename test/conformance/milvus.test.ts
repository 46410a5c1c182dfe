/** Milvus is a vector store: the suite against the real server. */
import { it } from "node:test";
import { milvusMissing, startMilvus } from "../../scripts/services/milvus.js";
import { milvusStore } from "../../src/adapters/milvus/index.js";
import { milvusOptions } from "../../src/adapters/milvus/options.js";
import { vectorStoreConformance } from "./vector-store.js";

const missing = await milvusMissing();

if (missing === null) {
  vectorStoreConformance(
    "milvus",
    async () => {
      const server = await startMilvus();
      const [host = "", port = ""] = server.address.split(":");
      const store = milvusStore(milvusOptions({ host, port: Number(port), index_type: "FLAT" }));
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
    { cannot: [], filterRuns: 60 },
  );
} else if (process.env["CI"] === "true") {
  throw new Error(missing);
} else {
  it("milvus is a vector store", { skip: missing }, () => undefined);
}
