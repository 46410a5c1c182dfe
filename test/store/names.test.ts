/** Names of collections that differ by case only. Some disks keep both in one folder. */
import assert from "node:assert/strict";
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { batchOf, calm } from "../conformance/store-rows-data.js";
import { workspace } from "../flow/command.js";
import { rowsFrom, schema } from "./rows.js";
import { openTestStore, type TestStore } from "./stores.js";

describe("names that differ by case only", () => {
  let test: TestStore;
  before(async () => {
    test = await openTestStore();
    await (await test.store.create("photos", schema)).close();
  });
  after(() => test.close());

  it("cannot be created beside one another, and the error names the other collection", async () => {
    await assert.rejects(test.store.create("Photos", schema), (error: Error & { code?: string; hint?: string }) => {
      assert.equal(error.code, "name_invalid");
      assert.match(error.message, /^collection Photos: expected a name that differs by more than case, found photos$/);
      assert.match(error.hint ?? "", /^Use photos, or choose another name\./);
      return true;
    });
    assert.deepEqual(
      (await test.store.list()).map(({ name }) => name),
      ["photos"],
    );
  });

  it("leave the existing collection as it is: its exact name opens it", async () => {
    const photos = await test.store.openCollection("photos", "write");
    await photos.upsert(batchOf(rowsFrom(0, 2)), calm);
    await photos.close();
    const read = await test.store.openCollection("photos", "read");
    assert.equal(await read.count(), 2);
    await read.close();
  });

  it("do not open or drop the other collection", async () => {
    for (const access of ["read", "write"] as const) {
      await assert.rejects(test.store.openCollection("Photos", access), { code: "collection_not_found" });
    }
    await assert.rejects(test.store.drop("Photos"), { code: "collection_not_found" });
  });

  it("cannot be created at the same time: one of two wins", async () => {
    const names = ["Both", "both"];
    const created = await Promise.allSettled(names.map((name) => test.store.create(name, schema)));
    const codes = created.map((each) => (each.status === "fulfilled" ? "created" : (each.reason as { code?: string }).code));
    assert.deepEqual(codes.sort(), ["created", "name_invalid"]);
    for (const each of created) if (each.status === "fulfilled") await each.value.close();
  });

  it("are refused beside the folder of an interrupted creation too, until that folder is dropped", async () => {
    await mkdir(join(test.path, "torn.lance"));
    await assert.rejects(test.store.create("Torn", schema), { code: "name_invalid" });
    await test.store.drop("torn");
    await (await test.store.create("Torn", schema)).close();
  });

  it("are free again when the other collection was dropped", async () => {
    await (await test.store.create("once", schema)).close();
    await test.store.drop("once");
    const again = await test.store.create("Once", schema);
    assert.equal(again.name, "Once");
    await again.close();
  });
});

it("`collection create` and `ingest` refuse a name that differs from another one by case only", async () => {
  await using space = await workspace();
  await mkdir(join(space.folder, "photos"));
  await copyFile(join("test", "fidelity", "golden", "coffee.jpg"), join(space.folder, "photos", "coffee.jpg"));
  assert.equal((await space.run("ingest", "photos", "--collection", "holiday")).code, 0);
  for (const call of [
    ["collection", "create", "Holiday"],
    ["ingest", "photos", "--collection", "Holiday"],
  ]) {
    const { code, stdout, stderr } = await space.run(...call);
    assert.ok(code !== 0, call.join(" "));
    assert.match(`${stdout}${stderr}`, /collection Holiday: expected a name that differs by more than case, found holiday/);
  }
});
