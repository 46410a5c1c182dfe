/** Wrong settings end in one error that names the setting; a server that asks for less is waited for. */
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type MilvusSection, milvusStore } from "../../../src/adapters/milvus/index.js";
import { HeadraceError } from "../../../src/contracts/index.js";
import { calm, keys, LiveMilvus, missing, rowsOf } from "./milvus.js";

const secured = process.env["HEADRACE_MILVUS_ADDRESS"] === undefined ? false : "the server at HEADRACE_MILVUS_ADDRESS cannot be restarted";

describe("settings", { skip: missing }, () => {
  const live = new LiveMilvus("settings_", { use: "alone" });

  const wrong: readonly (readonly [string, Partial<MilvusSection>, string, RegExp])[] = [
    ["host", { host: "no-such-host.invalid" }, "store_unavailable", /milvus\.host/],
    ["port", { port: 1 }, "store_unavailable", /milvus\.port/],
    ["port of another service", { port: 9091 }, "store_unavailable", /milvus\.port/],
    ["TLS", { secure: true }, "store_unavailable", /milvus\.secure/],
    ["authority", { secure: true, caFile: "/no/such/file.pem" }, "config_invalid", /milvus\.ca_file/],
    ["database", { database: "no_such_database" }, "config_invalid", /milvus\.database/],
  ];
  for (const [what, section, code, named] of wrong) {
    it(`a wrong ${what} is one error that names it`, async () => {
      const [host = "", port = ""] = live.server.address.split(":");
      const store = milvusStore({ host, port: Number(port), timeout: 5, ...section });
      await assert.rejects(store.open(calm), (error) => HeadraceError.is(error) && error.code === code && named.test(error.message));
      await store.close();
    });
  }

  it("an index type that the server does not have is refused by name, and leaves no collection behind", async () => {
    const store = await live.store({ indexType: "GPU_CAGRA" }, { index: "before" });
    const create = store.create("settings_gpu", { dimension: 8, metric: "l2", passport: null });
    await assert.rejects(
      create,
      (error) => HeadraceError.is(error) && error.code === "config_invalid" && /milvus\.index_type/.test(error.message),
    );
    await assert.rejects(
      store.openCollection("settings_gpu", "read"),
      (error) => HeadraceError.is(error) && error.code === "collection_not_found",
    );
  });

  it("a server that freezes is a service that is away, within the timeout", async () => {
    const store = await live.store({ timeout: 2 });
    const collection = await store.create("settings_frozen", { dimension: 8, metric: "l2", passport: null });
    await live.server.pause();
    try {
      const away = (error: unknown) => HeadraceError.is(error) && error.scope === "service" && error.retryable;
      await assert.rejects(collection.upsert(rowsOf(keys(3)), calm), away);
      await assert.rejects(collection.known(keys(3), calm), away);
      const stopping = new AbortController();
      const write = collection.upsert(rowsOf(keys(3)), stopping.signal);
      stopping.abort();
      await assert.rejects(write, (error) => HeadraceError.is(error) && error.code === "aborted");
    } finally {
      live.server.resume();
    }
    await collection.upsert(rowsOf(keys(3)), calm);
    assert.equal(await collection.count(), 3);
  });

  describe("a server with users and quotas", { skip: secured }, () => {
    after(() => live.server.restart());

    it("wants credentials, and slows writers down without losing or doubling a row", async (context) => {
      await live.server.restart({
        authorization_enabled: true,
        "quotaAndLimits.dml.enabled": "true",
        "quotaAndLimits.dml.upsertRate.max": "1",
        "quotaAndLimits.dml.insertRate.max": "1",
      });
      const denied = (error: unknown) => HeadraceError.is(error) && error.code === "config_invalid" && /milvus\.token/.test(error.message);
      for (const section of [{}, { token: "root:wrong" }, { user: "root", password: "wrong" }]) {
        const store = milvusStore(live.settings(section));
        await assert.rejects(store.open(calm), denied);
        await store.close();
      }
      await live.store({ user: "root", password: "Milvus" });
      const store = await live.store({ token: "root:Milvus" });
      const collection = await store.create("settings_quota", { dimension: 512, metric: "l2", passport: null });
      const codes: string[] = [];
      const write = async (from: number) => {
        const batch = rowsOf(keys(100, from), { dimension: 512 });
        for (;;) {
          try {
            return assert.deepEqual(await collection.upsert(batch, calm), []);
          } catch (error) {
            assert.ok(HeadraceError.is(error) && error.scope === "service" && error.retryable, String(error));
            codes.push(error.code);
            await delay(200);
          }
        }
      };
      await Promise.all(Array.from({ length: 40 }, (_, batch) => write(batch * 100)));
      context.diagnostic(`${codes.length} refusals: ${[...new Set(codes)].join(", ")}`);
      assert.ok(codes.length > 0, "the server asked for less");
      assert.deepEqual([...new Set(codes)], ["overloaded"]);
      assert.equal(await collection.count(), 4000);
      await store.drop("settings_quota");
    });
  });
});
