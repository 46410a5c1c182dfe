/** Aliases and re-embedding on the real Milvus. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { milvusStore } from "../../../src/adapters/milvus/index.js";
import type { VectorStore } from "../../../src/contracts/index.js";
import { extent } from "../../support/extent.js";
import { losesNothing } from "../../support/reembedding/losing-nothing.js";
import { reembedUnderLoad } from "../../support/reembedding/scenario.js";
import { installMilvus, type MilvusServer, startMilvus } from "../../support/services/milvus.js";
import { skipUnless } from "../../support/services/required.js";

const missing = await skipUnless("Milvus", installMilvus);

describe("re-embedding in Milvus", { skip: missing }, () => {
  let server: MilvusServer;
  let folder: string;

  before(async () => {
    server = await startMilvus();
    folder = await mkdtemp(join(tmpdir(), "headrace-reembed-"));
  });
  after(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  describe("loses nothing", () => {
    let store: VectorStore;
    let scenes = 0;
    before(async () => {
      const [host = "", port = ""] = server.address.split(":");
      store = milvusStore({ host, port: Number(port), indexType: "FLAT" });
      await store.open?.(new AbortController().signal);
    });
    after(() => store.close?.());
    losesNothing(() => {
      scenes += 1;
      return { store, folder: join(folder, `scene-${scenes}`), prefix: `scene_${scenes}_` };
    });
  });

  it("a re-embedding that is killed loses no row, answers from one model, switches once, and rolls back to the same bytes", {
    timeout: 900_000,
  }, async () => {
    const [host = "", port = ""] = server.address.split(":");
    const config = { milvus: { host, port: Number(port), indexType: "FLAT" as const }, lancedb: { path: join(folder, "data") } };
    const store = milvusStore(config.milvus);
    await store.open(new AbortController().signal);
    try {
      const task = { config, collection: "reembed_photos", alias: "reembed_live", photos: join(folder, "photos"), rows: 600 };
      const report = await reembedUnderLoad(task, extent({ some: [200], all: [100, 150, 200] }));
      assert.equal(report.kills, extent({ some: 1, all: 3 }));
    } finally {
      for (const { alias } of await store.aliases()) if (alias.startsWith("reembed_")) await store.dropAlias(alias);
      for (const { name } of await store.list()) if (name.startsWith("reembed_")) await store.drop(name);
      await store.close();
    }
  });
});
