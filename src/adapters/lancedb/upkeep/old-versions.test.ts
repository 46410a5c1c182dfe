/** Old versions of a table go with all files that only they use, and those of the newest stay. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { connect } from "@lancedb/lancedb";
import { removeOldVersions } from "./old-versions.js";
import { versionFiles } from "./version-files.js";

test("removing old versions leaves no file that no version uses, and all rows", async () => {
  const place = await mkdtemp(join(tmpdir(), "headrace-old-versions-"));
  const folder = join(place, "rows.lance");
  try {
    const table = await (await connect(place)).createTable("rows", rowsFrom(0, 100));
    for (let round = 0; round < 20; round += 1) {
      await table.mergeInsert("id").whenMatchedUpdateAll().whenNotMatchedInsertAll().execute(rowsFrom(round, 5));
      await table.delete(`id = 'row ${90 - round}'`);
    }
    assert.ok((await removeOldVersions(table, folder, { kept: 1, due: 1, replacedMs: 0 })) > 20);
    const manifests = (await readdir(join(folder, "_versions"))).filter((name) => name.endsWith(".manifest"));
    const [newest = "", ...others] = manifests;
    assert.deepEqual(others, []);
    const files = await versionFiles(join(folder, "_versions", newest));
    assert.deepEqual((await readdir(join(folder, "_deletions"))).sort(), [...(files?.deletions ?? [])].sort());
    assert.deepEqual((await readdir(join(folder, "data"))).sort(), [...(files?.data ?? [])].sort());
    table.close();
    const reopened = await (await connect(place)).openTable("rows");
    assert.equal((await reopened.query().select(["id"]).toArray()).length, 80);
    reopened.close();
  } finally {
    await rm(place, { recursive: true });
  }
});

function rowsFrom(first: number, count: number): { id: string; vector: number[] }[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `row ${first + index}`,
    vector: Array.from({ length: 8 }, (_each, at) => first + at),
  }));
}
