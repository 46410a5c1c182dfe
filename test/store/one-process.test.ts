/** Many calls of one process at once: they wait for each other, and none is refused because of another. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type LanceStore, lancedbStore } from "../../src/adapters/lancedb/index.js";
import type { Passport } from "../../src/contracts/index.js";
import { batchOf, calm, idsOf } from "../conformance/store-rows-data.js";
import { rowsFrom, schema } from "./rows.js";
import { openTestStore, type TestStore } from "./stores.js";

describe("calls of one process", { timeout: 120_000 }, () => {
  let test: TestStore;
  before(async () => {
    test = await openTestStore();
  });
  after(() => test.close());

  async function emptyTable(name: string): Promise<void> {
    await (await test.store.create(name, schema)).close();
  }

  async function insert(store: LanceStore, name: string, rows: Parameters<typeof batchOf>[0]): Promise<void> {
    const collection = await store.openCollection(name, "write");
    try {
      assert.deepEqual(await collection.upsert(batchOf(rows), calm), []);
      await collection.settle(calm);
      await collection.upkeep("owed", calm);
    } finally {
      await collection.close();
    }
  }

  it("ten at a time, 500 in all: every row is stored, once", async () => {
    await emptyTable("many");
    const lane = async (first: number) => {
      for (let at = first; at < 500; at += 10) await insert(test.store, "many", rowsFrom(at, 1));
    };
    await Promise.all(Array.from({ length: 10 }, (_, first) => lane(first)));
    const reader = await test.store.openCollection("many", "read");
    const expected = Array.from({ length: 500 }, (_, at) => `row ${at}`).sort();
    assert.deepEqual(await idsOf(reader), expected);
    await reader.close();
    assert.equal(existsSync(join(test.path, "many.lock")), false);
  });

  it("the same new key at once, from many handles, is one row", async () => {
    await emptyTable("same");
    await Promise.all(Array.from({ length: 10 }, () => insert(test.store, "same", [{ id: "a" }, { id: "b" }])));
    const reader = await test.store.openCollection("same", "read");
    assert.deepEqual(await idsOf(reader), ["a", "b"]);
    await reader.close();
  });

  it("inserts, deletes and upkeep at once all end well", async () => {
    await emptyTable("mixed");
    const work = Array.from({ length: 12 }, async (_, at) => {
      await insert(test.store, "mixed", rowsFrom(at * 10, 10));
      const collection = await test.store.openCollection("mixed", "write");
      assert.equal(await collection.delete({ ids: [`row ${at * 10}`] }, calm), 1);
      await collection.upkeep(at % 2 === 0 ? "all" : "owed", calm);
      await collection.close();
    });
    await Promise.all(work);
    const reader = await test.store.openCollection("mixed", "read");
    assert.equal(await reader.count(), 108);
    await reader.close();
  });

  it("two stores over one folder wait for each other", async () => {
    await emptyTable("two_stores");
    const other = lancedbStore({ path: test.path });
    await other.open(calm);
    await Promise.all(Array.from({ length: 10 }, (_, at) => insert(at % 2 === 0 ? test.store : other, "two_stores", rowsFrom(at, 1))));
    const reader = await other.openCollection("two_stores", "read");
    assert.equal(await reader.count(), 10);
    await reader.close();
    await other.close();
  });

  it("of many that create one name, one does; the others are told that it is there, and can open it", async () => {
    const created = await Promise.allSettled(Array.from({ length: 5 }, () => test.store.create("raced", schema)));
    const handles = created.filter((result) => result.status === "fulfilled").map((result) => result.value);
    const codes = created.filter((result) => result.status === "rejected").map((result) => (result.reason as { code: string }).code);
    assert.equal(handles.length, 1);
    assert.deepEqual([...new Set(codes)], ["collection_exists"]);
    await insert(test.store, "raced", rowsFrom(0, 1));
    await handles[0]!.close();
  });

  it("a passport that one handle writes, the others that write have too", async () => {
    const passport: Passport = { probes: [[0, 1]], labels: {} };
    const [first, second] = [
      await test.store.create("passports", { ...schema, passport: null }),
      await test.store.openCollection("passports", "write"),
    ];
    await first.setPassport(passport);
    assert.deepEqual(second.passport, passport);
    await first.close();
    await second.close();
  });

  it("a collection is not dropped while this process writes to it, and says so", async () => {
    const collection = await test.store.create("kept", schema);
    await assert.rejects(test.store.drop("kept"), { code: "lock_held", message: /this process/ });
    await collection.upsert(batchOf(rowsFrom(0, 1)), calm);
    await collection.close();
    await test.store.drop("kept");
    await assert.rejects(test.store.openCollection("kept", "write"), { code: "collection_not_found" });
  });

  for (const rest of ["_transactions", "_versions"]) {
    it(`a folder that a cut-off creation left with nothing but ${rest} is no collection: it is created, or removed`, async () => {
      const leave = (name: string) => mkdirSync(join(test.path, `${name}.lance`, rest), { recursive: true });
      leave("cut_off");
      await assert.rejects(test.store.openCollection("cut_off", "write"), { code: "collection_not_found" });
      assert.equal(
        (await test.store.list()).some(({ name }) => name === "cut_off"),
        false,
      );
      const collection = await test.store.create("cut_off", schema);
      await collection.upsert(batchOf(rowsFrom(0, 1)), calm);
      assert.equal(await collection.count(), 1);
      await collection.close();
      await test.store.drop("cut_off");
      leave("cut_off");
      await test.store.drop("cut_off");
      assert.equal(existsSync(join(test.path, "cut_off.lance")), false);
      await assert.rejects(test.store.drop("cut_off"), { code: "collection_not_found" });
    });
  }
});
