/** Reading which files a version consists of: right for every version of a real table, and null for anything that is cut or changed. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { connect } from "@lancedb/lancedb";
import { versionFiles } from "./version-files.js";

describe("the files of a version", () => {
  let folder: string;
  let table: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "headrace-versions-"));
    table = join(folder, "rows.lance");
    const opened = await (await connect(folder)).createTable("rows", rowsFrom(0, 300));
    await opened.add(rowsFrom(300, 50));
    await opened.delete("id = 'row 7'");
    // So many deleted rows are a file of another kind.
    await opened.add(rowsFrom(1_000, 12_000));
    await opened.delete("number >= 2000 and number < 9000");
    await opened.mergeInsert("id").whenMatchedUpdateAll().whenNotMatchedInsertAll().execute(rowsFrom(340, 20));
    await opened.createIndex("id");
    await opened.addColumns([{ name: "twice", valueSql: "number * 2" }]);
    await opened.optimize();
    opened.close();
  });
  after(() => rm(folder, { recursive: true }));

  const versions = async () => (await readdir(join(table, "_versions"))).filter((name) => name.endsWith(".manifest")).sort();
  const pathOf = (name: string) => join(table, "_versions", name);

  it("exist, and all files of the table belong to some version", async () => {
    const data = new Set<string>();
    const transactions = new Set<string>();
    const indexes = new Set<string>();
    const deletions = new Set<string>();
    for (const name of await versions()) {
      const files = await versionFiles(pathOf(name));
      assert.ok(files !== null && files.data.size > 0, name);
      for (const file of files.data) data.add(file);
      if (files.transaction !== null) transactions.add(files.transaction);
      for (const index of files.indexes) indexes.add(index);
      for (const file of files.deletions) deletions.add(file);
    }
    assert.deepEqual([...data].sort(), (await readdir(join(table, "data"))).sort());
    assert.deepEqual([...deletions].sort(), (await readdir(join(table, "_deletions"))).sort());
    assert.deepEqual(new Set([...deletions].map((file) => extname(file))), new Set([".arrow", ".bin"]));
    assert.deepEqual([...transactions].sort(), (await readdir(join(table, "_transactions"))).sort());
    assert.deepEqual([...indexes].sort(), (await readdir(join(table, "_indices"))).sort());
  });

  it("contain all rows, each fragment with its number", async () => {
    const opened = await (await connect(folder)).openTable("rows");
    const [newest = ""] = await versions();
    const { fragments } = (await versionFiles(pathOf(newest)))!;
    const counts = new Map<number, number>();
    for await (const batch of opened.query().select(["id"]).withRowId()) {
      for (const rowId of batch.getChild("_rowid")!.toArray() as BigUint64Array) {
        const fragment = Number(rowId >> 32n);
        counts.set(fragment, (counts.get(fragment) ?? 0) + 1);
      }
    }
    assert.deepEqual(new Map(fragments.map(({ id, rows }) => [id, rows])), counts);
    opened.close();
  });

  it("are unknown if the manifest is cut anywhere, or is missing", async () => {
    const [name = ""] = await versions();
    const whole = await readFile(pathOf(name));
    const copy = join(folder, "cut.manifest");
    for (let length = 0; length < whole.length; length += 1) {
      await writeFile(copy, whole.subarray(0, length));
      assert.equal(await versionFiles(copy), null, `${length} of ${whole.length} bytes`);
    }
    await rm(copy);
    assert.equal(await versionFiles(copy), null);
  });

  it("are unknown if the manifest has bytes that are not a message", async () => {
    const [name = ""] = await versions();
    const whole = await readFile(pathOf(name));
    const start = Number(whole.readBigUInt64LE(whole.length - 16)) + 4;
    const copy = join(folder, "changed.manifest");
    const changed = Buffer.from(whole);
    changed.fill(0xff, start, start + 40);
    await writeFile(copy, changed);
    assert.equal(await versionFiles(copy), null);
  });
});

function rowsFrom(first: number, count: number): { id: string; number: number; vector: number[] }[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `row ${first + index}`,
    number: first + index,
    vector: Array.from({ length: 8 }, (_each, at) => first + index + at),
  }));
}
