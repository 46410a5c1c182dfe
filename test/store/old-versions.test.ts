/** Old versions of a LanceDB table are limited by number, however fast they come. */
import assert from "node:assert/strict";
import { readdirSync, utimesSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { LanceCollection } from "../../src/adapters/lancedb/collection.js";
import { ownIdentity } from "../../src/kit/index.js";
import { batchOf, calm } from "../conformance/store-rows-data.js";
import { rowsFrom, schema } from "./rows.js";
import { openTestStore, type TestStore } from "./stores.js";

const indexedRows = 300;

describe("old versions of a table", () => {
  let test: TestStore;
  let rows = indexedRows;
  beforeEach(async () => {
    test = await openTestStore();
    const created = await test.store.create("singles", { ...schema, index: "ivf_flat" });
    await created.upsert(batchOf(rowsFrom(0, indexedRows)), calm);
    await created.upkeep("owed", calm);
    await created.close();
    rows = indexedRows;
  });
  afterEach(() => test.close());

  const files = (part: string) => readdirSync(join(test.path, "singles.lance", part)).filter((name) => !name.endsWith(".json"));

  /** The versions that have been written since the last call of `age` get this age. */
  function age(ms: number): void {
    const when = new Date(Date.now() - ms);
    for (const name of files("_versions").filter((version) => !aged.has(version))) {
      utimesSync(join(test.path, "singles.lance", "_versions", name), when, when);
      aged.add(name);
    }
  }
  const aged = new Set<string>();
  beforeEach(() => aged.clear());

  /** Calls of a program that opens the collection, stores one row, does what is owed and closes it. */
  async function store(calls: number): Promise<void> {
    for (let call = 0; call < calls; call += 1) {
      const opened = await test.store.openCollection("singles", "write");
      await opened.upsert(batchOf(rowsFrom(rows, 1)), calm);
      await opened.upkeep("owed", calm);
      await opened.close();
      rows += 1;
    }
  }

  async function readable(): Promise<LanceCollection> {
    const opened = await test.store.openCollection("singles", "read");
    assert.ok(opened instanceof LanceCollection);
    return opened;
  }

  it("stay few in a long series of calls, together with their files, and no row is lost", async () => {
    for (let round = 0; round < 6; round += 1) {
      await store(40);
      age(10_000);
    }
    await store(1);
    assert.ok(files("_versions").length < 140, `${files("_versions").length} versions`);
    assert.ok(files("data").length < 200, `${files("data").length} files of rows`);
    assert.ok(files("_transactions").length < 160, `${files("_transactions").length} transactions`);
    const collection = await readable();
    assert.equal(await collection.count(), rows);
    let scanned = 0;
    for await (const batch of collection.scan({ vectors: "include" })) scanned += batch.length;
    assert.equal(scanned, rows);
    const writer = await test.store.openCollection("singles", "write");
    await writer.upkeep("all", calm);
    assert.equal((await writer.get(["row 0", `row ${rows - 1}`], { vectors: "include" })).length, 2);
    await writer.close();
    await collection.close();
  });

  it("are kept if they were replaced a moment ago", async () => {
    await store(120);
    assert.ok(files("_versions").length >= 120);
  });

  it("are kept if a read that is still running began before they were replaced", async () => {
    await store(60);
    age(120_000);
    const reader = await readable();
    const { table } = reader.parts;
    const [used, counted] = [await table.version(), await table.countRows()];
    await mkdir(join(test.path, "singles.lance", "headrace-reads"), { recursive: true });
    const mark = JSON.stringify({ ...ownIdentity(), beganMs: Date.now() - 60_000 });
    await writeFile(join(test.path, "singles.lance", "headrace-reads", "other"), mark);
    await store(60);
    age(30_000);
    await store(80);
    age(30_000);
    await store(1);
    await table.checkout(used);
    let scanned = 0;
    for await (const batch of table.query().select(["id", "vector"])) scanned += batch.numRows;
    assert.equal(scanned, counted);
    await assert.rejects(table.checkout(used - 40), "versions that were replaced before the read began are removed");
    await reader.close();
  });

  it("are left to LanceDB if a program has given one of them a name", async () => {
    const reader = await readable();
    const { table } = reader.parts;
    await (await table.tags()).create("release", await table.version());
    await store(130);
    age(30_000);
    await store(1);
    assert.ok(files("_versions").length >= 130);
    await reader.close();
  });
});
