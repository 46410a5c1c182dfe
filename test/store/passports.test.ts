/** A LanceDB table keeps its passport in one file of its folder, not in every version and every file of rows. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { LanceCollection } from "../../src/adapters/lancedb/collection.js";
import type { Passport } from "../../src/contracts/index.js";
import { batchOf, calm } from "../conformance/store-rows-data.js";
import { schema } from "./rows.js";
import { openTestStore, type TestStore } from "./stores.js";

const large: Passport = {
  probes: Array.from({ length: 3 }, () => Array.from({ length: 1280 }, () => Math.fround(Math.random()))),
  labels: {},
};
const other: Passport = { probes: [[0, 1]], labels: { model: "another" } };

describe("the passport of a LanceDB table", () => {
  let test: TestStore;
  before(async () => {
    test = await openTestStore();
  });
  after(() => test.close());

  async function passportOf(name: string): Promise<Passport | null> {
    const reader = await test.store.openCollection(name, "read");
    assert.deepEqual((await reader.stats()).passport, reader.passport);
    await reader.close();
    return reader.passport;
  }

  it("is in neither the versions nor the files of rows, and survives compaction", async () => {
    const collection = await test.store.create("small", { ...schema, passport: large });
    for (let at = 0; at < 5; at += 1) await collection.upsert(batchOf([{ id: `row ${at}` }]), calm);
    const folder = join(test.path, "small.lance");
    for (const part of ["_versions", "data"]) {
      for (const file of readdirSync(join(folder, part))) assert.ok(statSync(join(folder, part, file)).size < 20_000, file);
    }
    await collection.upkeep("all", calm);
    await collection.close();
    assert.deepEqual(await passportOf("small"), large);
  });

  it("is replaced whole", async () => {
    const collection = await test.store.create("replaced", { ...schema, passport: large });
    await collection.setPassport(other);
    assert.deepEqual(collection.passport, other);
    await collection.close();
    assert.deepEqual(await passportOf("replaced"), other);
    assert.deepEqual(
      readdirSync(join(test.path, "replaced.lance")).filter((file) => file.includes("passport")),
      ["headrace-passport.json"],
    );
  });

  it("is read from the schema of tables by earlier builds, until it is replaced", async () => {
    const collection = await test.store.create("before", { ...schema, passport: null });
    assert.ok(collection instanceof LanceCollection);
    const metadata = { "headrace.passport": JSON.stringify(large) };
    await collection.parts.table.updateFieldMetadata([{ path: "vector", metadata }]);
    await collection.close();
    assert.deepEqual(await passportOf("before"), large);
    const again = await test.store.openCollection("before", "write");
    assert.deepEqual(again.passport, large);
    await again.setPassport(other);
    await again.close();
    assert.deepEqual(await passportOf("before"), other);
    assert.deepEqual(JSON.parse(readFileSync(join(test.path, "before.lance", "headrace-passport.json"), "utf8")), other);
  });
});
