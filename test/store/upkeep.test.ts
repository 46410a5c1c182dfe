/** LanceDB tables that grow: indexes, merged files, kept versions, and a full disk. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { lancedbStore } from "../../src/adapters/lancedb/index.js";
import type { Collection } from "../../src/contracts/index.js";
import { parseFilter } from "../../src/filter/index.js";
import { batchOf, calm, unitVector } from "../conformance/store-rows-data.js";
import { passport, rowsFrom, schema } from "./rows.js";
import { openTestStore, type TestStore } from "./stores.js";

describe("upkeep of a LanceDB table", () => {
  let test: TestStore;
  before(async () => {
    test = await openTestStore();
  });
  after(() => test.close());

  const versions = (collection: Collection) =>
    readdirSync(join(test.path, `${collection.name}.lance`, "_versions")).filter((file) => file.endsWith(".manifest")).length;

  it("look-ups by key and content, and upserts, are correct after indexes are built and more rows are written", async () => {
    const collection = await test.store.create("indexed", schema);
    for (let start = 0; start < 10_000; start += 2500) await collection.upsert(batchOf(rowsFrom(start, 2500)), calm);
    await collection.upkeep("owed", calm);
    assert.ok(existsSync(join(test.path, "indexed.lance", "_indices")), "10,000 rows are indexed");
    await collection.upsert(batchOf(rowsFrom(9_950, 100)), calm);
    await collection.upsert(batchOf(rowsFrom(9_950, 100)), calm);
    assert.equal(await collection.count(), 10_050);
    assert.equal((await collection.known(["row 1", "row 9999", "row 10049", "row 10050"], calm)).size, 3);
    assert.equal((await collection.byContent(["content of row 5", "content of row 10049"], calm)).size, 2);
    assert.equal(await collection.delete({ ids: ["row 5", "row 10049"] }, calm), 2);
    assert.equal((await collection.known(["row 5", "row 10049"], calm)).size, 0);
    await collection.upkeep("owed", calm);
    assert.equal(await collection.count(parseFilter('id == "row 10048" or id == "row 5"')), 1);
    assert.equal(await collection.count(parseFilter('startsWith(id, "row 1000")')), 11);
    assert.equal(await collection.count(parseFilter('startsWith(id, "row_1000") or startsWith(content, "content%")')), 0);
    assert.deepEqual((await collection.stats()).passport, passport);
    await collection.close();
  });

  for (const index of ["ivf_flat", "ivf_rq"]) {
    it(`${index}: rows newer than the index are found, selective filters get complete answers, scores are exact`, async () => {
      const name = `vectors_${index}`;
      const collection = await test.store.create(name, { ...schema, dimension: 16, index });
      const at = (seed: number) => unitVector(seed, 16);
      const rows = (start: number, count: number) => rowsFrom(start, count, 16);
      assert.equal((await collection.stats()).index, "none");
      await collection.upsert(batchOf(rows(0, 2000)), calm);
      await collection.upkeep("owed", calm);
      assert.equal((await collection.stats()).index, index);
      await collection.upsert(batchOf(rows(2000, 50)), calm);
      for (const seed of [3, 1234, 2010, 2049]) {
        const [hits] = await collection.search([at(seed)], { topK: 10 });
        assert.equal(hits![0]?.id, `row ${seed}`);
        assert.ok(Math.abs(hits![0]!.score - 1) < 1e-4);
        assert.equal(hits!.length, 10);
      }
      const [few] = await collection.search([at(1)], { topK: 5, filter: parseFilter("n in [7, 900, 2020, 5000]") });
      assert.deepEqual(few!.map((hit) => hit.id).sort(), ["row 2020", "row 7", "row 900"]);
      const [all] = await collection.search([at(1)], { topK: 1000 });
      assert.equal(all!.length, 1000);
      await collection.close();
    });
  }

  it("an index that LanceDB does not have is index_invalid, and leaves no table", async () => {
    await assert.rejects(test.store.create("odd", { ...schema, index: "magic" }), { code: "index_invalid" });
    await assert.rejects(test.store.create("odd", { ...schema, index: "ivf_rq" }), { code: "index_invalid" });
    await assert.rejects(test.store.openCollection("odd", "read"), { code: "collection_not_found" });
  });

  it("upkeep keeps the versions of running readers", async () => {
    const collection = await test.store.create("versioned", schema);
    for (let at = 0; at < 20; at += 1) await collection.upsert(batchOf(rowsFrom(at, 1)), calm);
    const reader = await test.store.openCollection("versioned", "read");
    const seen: unknown[] = [];
    for await (const rows of reader.scan({ vectors: "include", batchRows: 1 })) {
      seen.push(...rows.map((row) => row.id));
      if (seen.length === 1) {
        await collection.upkeep("owed", calm);
        await collection.delete({ ids: ["row 19"] }, calm);
      }
    }
    assert.equal(seen.length, 20, "a scan sees the rows that were there when it began");
    assert.ok(versions(collection) > 20);
    assert.equal(await reader.count(), 19);
    assert.deepEqual((await test.store.openCollection("versioned", "read")).passport, passport);
    await collection.close();
  });

  it("the 100th write of a series merges the small files", async () => {
    const collection = await test.store.create("busy", schema);
    const files = () => readdirSync(join(test.path, "busy.lance", "data")).length;
    for (let at = 0; at < 99; at += 1) await collection.upsert(batchOf(rowsFrom(at, 1)), calm);
    const [before, written] = [files(), versions(collection)];
    await collection.upsert(batchOf(rowsFrom(99, 1)), calm);
    assert.equal(files(), before + 2, "the file of the row, and the merged file");
    assert.ok(versions(collection) >= written + 2);
    assert.equal(await collection.count(), 100);
    await collection.close();
  });
});

describe("a disk without room", { skip: process.getuid?.() === 0 ? false : "mounting a small disk needs root" }, () => {
  const path = mkdtempSync(join(tmpdir(), "headrace-full-"));
  before(() => {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", path]);
  });
  after(() => {
    execFileSync("umount", [path]);
    rmSync(path, { recursive: true });
  });

  it("ends the run with disk_full; rows stored before are kept", async () => {
    const store = lancedbStore({ path });
    await store.open(calm);
    const collection = await store.create("full", schema);
    const note = "x".repeat(40_000);
    let stored = 0;
    await assert.rejects(
      async () => {
        for (; stored < 100; stored += 1)
          await collection.upsert(batchOf([{ id: `row ${stored}`, metadata: { note: note + stored } }]), calm);
      },
      { code: "disk_full", scope: "run" },
    );
    assert.ok(stored > 5);
    assert.equal(await collection.count(), stored);
    await collection.close();
    await store.close();
  });
});
