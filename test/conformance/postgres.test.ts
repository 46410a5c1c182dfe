/** PostgreSQL is a vector store: the suite against the real server. */
import { it } from "node:test";
import { postgresStore } from "../../src/adapters/postgres/index.js";
import { installPostgres, startPostgres } from "../support/services/postgres.js";
import { skipUnless } from "../support/services/required.js";
import { calm } from "./store-rows-data.js";
import { vectorStoreConformance } from "./vector-store.js";

const missing = await skipUnless("PostgreSQL", installPostgres);

if (missing !== false) it("postgres is a vector store", { skip: missing }, () => undefined);
else {
  vectorStoreConformance(
    "postgres",
    async () => {
      const server = await startPostgres();
      const store = postgresStore({ url: server.url });
      await store.open(calm);
      return {
        store,
        close: async () => {
          await store.close();
          await server.stop();
        },
      };
    },
    { cannot: ["zero bytes"] },
  );
}
