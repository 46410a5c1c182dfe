/** What LanceDB keeps in memory is limited by the settings. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { connect, newSession } from "../../src/adapters/lancedb/table/cached-connection.js";
import { loadVendor } from "../../src/adapters/lancedb/table/vendor.js";
import { batchOf, calm } from "../conformance/store-rows-data.js";
import { openTestStore, type TestStore } from "./stores.js";

const longestMs = 60_000;

describe("the cache of a connection", () => {
  let test: TestStore;
  before(async () => {
    test = await openTestStore();
  });
  after(() => test.close());

  it("is the one of its session, so that the session's limits hold", async () => {
    const collection = await test.store.create("photos", { dimension: 2, metric: "cosine", passport: null });
    await collection.upsert(batchOf([{ id: "a", vector: [1, 0] }]), calm);
    await collection.close();
    const vendor = await loadVendor();
    const session = newSession(vendor, 16 * 1024 * 1024);
    const connection = await connect(vendor, test.path, { session });
    const table = await connection.openTable("photos");
    const until = Date.now() + longestMs;
    // LanceDB counts what it has cached after some more reads.
    while (session.approxNumItems() === 0 && Date.now() < until) assert.equal((await table.query().toArray()).length, 1);
    assert.ok(session.approxNumItems() > 0, "the session's cache is used");
    table.close();
    connection.close();
  });
});
