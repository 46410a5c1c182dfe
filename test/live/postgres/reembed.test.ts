/** Aliases and re-embedding in a real PostgreSQL. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type PostgresStore, postgresStore } from "../../../src/adapters/postgres/index.js";
import { calm } from "../../conformance/store-rows-data.js";
import { extent } from "../../support/extent.js";
import { losesNothing } from "../../support/reembedding/losing-nothing.js";
import { reembedUnderLoad } from "../../support/reembedding/scenario.js";
import { installPostgres, type PostgresServer, startPostgres } from "../../support/services/postgres.js";
import { skipUnless } from "../../support/services/required.js";

const skip = await skipUnless("PostgreSQL", installPostgres);

describe("re-embedding in PostgreSQL", { skip }, () => {
  let server: PostgresServer;
  let folder: string;
  let store: PostgresStore;
  before(async () => {
    server = await startPostgres();
    folder = await mkdtemp(join(tmpdir(), "headrace-reembed-"));
    store = postgresStore({ url: server.url });
    await store.open(calm);
  });
  after(async () => {
    await store?.close();
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  describe("loses nothing", () => {
    let scenes = 0;
    losesNothing(() => {
      scenes += 1;
      return { store, folder: join(folder, `scene-${scenes}`), prefix: `scene_${scenes}_` };
    });
  });

  it("a re-embedding that is killed loses no row, answers from one model, switches once, and rolls back to the same bytes", async () => {
    const config = { postgres: { url: server.url }, lancedb: { path: join(folder, "data") } };
    const task = { config, collection: "reembed_photos", alias: "reembed_live", photos: join(folder, "photos"), rows: 600 };
    const report = await reembedUnderLoad(task, extent({ some: [200], all: [100, 150, 200] }));
    assert.equal(report.kills, extent({ some: 1, all: 3 }));
  });
});
