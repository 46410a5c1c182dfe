/** Files under temporary names: whole or not at all, also with several writers, and nothing is left for ever. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { StagedFiles } from "./staged-files.js";

async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "headrace-staged-"));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

test("two writers of one file disturb each other in no way: the last one to end has the name, with its whole content", () =>
  withFolder(async (folder) => {
    const path = join(folder, "rows.parquet");
    const [one, two] = [await StagedFiles.create([path]), await StagedFiles.create([path])];
    for (let part = 0; part < 100; part += 1) await Promise.all([one.append(path, "one,"), two.append(path, "two,")]);
    await one.place();
    assert.equal(await readFile(path, "utf8"), "one,".repeat(100));
    await two.place();
    assert.equal(await readFile(path, "utf8"), "two,".repeat(100));
    assert.deepEqual(await readdir(folder), ["rows.parquet"]);
  }));

test("two writers that end at the same time leave the files of one of them", () =>
  withFolder(async (folder) => {
    const paths = ["rows.npy", "rows.jsonl", "rows.json"].map((name) => join(folder, name));
    const writers = await Promise.all(Array.from({ length: 8 }, () => StagedFiles.create(paths)));
    for (const [at, writer] of writers.entries()) for (const path of paths) await writer.append(path, `${at}`);
    await Promise.all(writers.map((writer) => writer.place()));
    const contents = await Promise.all(paths.map((path) => readFile(path, "utf8")));
    assert.equal(new Set(contents).size, 1, contents.join());
    assert.equal((await readdir(folder)).length, 3);
  }));

test("what a killed writer has left is removed by the next writer of the same file, and files of running writers stay", () =>
  withFolder(async (folder) => {
    const path = join(folder, "rows.parquet");
    const running = await StagedFiles.create([path]);
    const [alive = ""] = await readdir(folder);
    const left = alive.replace(/\.\d+-/, `.${2 ** 22 + 1}-`);
    const elsewhere = alive.replace(/-[0-9a-f]{8}-/, "-01234567-");
    const other = `other.${left}`;
    for (const name of [left, elsewhere, other]) await writeFile(join(folder, name), "half");
    await (await StagedFiles.create([path])).discard();
    assert.deepEqual((await readdir(folder)).sort(), [alive, elsewhere, other].sort());
    const old = new Date(Date.now() - 48 * 3_600_000);
    await utimes(join(folder, elsewhere), old, old);
    await (await StagedFiles.create([path])).discard();
    assert.deepEqual((await readdir(folder)).sort(), [alive, other].sort());
    await running.discard();
  }));
