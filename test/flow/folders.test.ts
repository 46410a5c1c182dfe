/** What a folder gives and what it leaves out, and names in any spelling. */
import assert from "node:assert/strict";
import { copyFile, mkdir, utimes, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { workspace } from "./command.js";
import { untilSettled } from "./settled.js";

interface Document {
  readonly read: number;
  readonly stored: number;
  readonly skipped: number;
  readonly leftOut: Record<string, number>;
}

const photo = resolve("test", "fidelity", "golden", "coffee.jpg");

test("a folder says how many files it left out, by ending, and takes images without an ending", async () => {
  await using space = await workspace();
  const folder = join(space.folder, "photos");
  await mkdir(folder);
  for (const name of ["a.jpg", "b.jfif", "c.JPE", "bare"]) await copyFile(photo, join(folder, name));
  for (const name of ["1.psd", "2.PSD", "3.zip", "4.svg", "README", ".hidden", ".hidden.jpg"]) await writeFile(join(folder, name), "text");
  const leftOut = { ".svg": 1, ".psd": 2, ".zip": 1, "(none)": 1 };
  const { code, stdout } = await space.run("ingest", "photos");
  assert.equal(code, 0, stdout);
  assert.match(stdout, /4 images listed = 4 stored/);
  assert.match(stdout, /left out, .*: 2 \.psd, 1 \.zip, 1 \.svg and 1 without an extension\n/);
  const preview = await space.json<Document>(0, "ingest", "photos", "--dry-run");
  assert.deepEqual(preview.leftOut, leftOut);
  const document = await space.json<Document>(0, "ingest", "photos/*");
  assert.deepEqual(document.leftOut, leftOut);
  assert.deepEqual((await space.json<Document>(0, "ingest", "photos/a.jpg")).leftOut, {});
});

test("two spellings of an accented name are two files, and both can be opened again by their sources", async () => {
  await using space = await workspace();
  const folder = join(space.folder, "photos");
  await mkdir(folder);
  const names = ["caf\u00e9.jpg", "cafe\u0301.jpg"];
  await copyFile(photo, join(folder, names[0] ?? ""));
  await copyFile(resolve("test", "fidelity", "golden", "chelsea.jpg"), join(folder, names[1] ?? ""));
  for (const name of names) await untilSettled(join(folder, name));
  assert.equal((await space.json<Document>(0, "ingest", "photos")).stored, 2);
  const again = await space.json<Document>(0, "ingest", "photos");
  assert.deepEqual([again.stored, again.skipped], [0, 2]);
  for (const name of names) {
    const { hits } = await space.json<{ hits: readonly { source: string }[] }>(0, "search", join(folder, name));
    const source = hits[0]?.source ?? "";
    assert.ok(decodeURI(source).endsWith(name), source);
    const bySource = await space.json<{ hits: readonly { source: string }[] }>(0, "search", source);
    assert.equal(bySource.hits[0]?.source, source);
  }
});

test("a file whose mtime is in the future is known like any other", async () => {
  await using space = await workspace();
  const path = join(space.folder, "a.jpg");
  await copyFile(photo, path);
  await utimes(path, new Date("2099-01-01"), new Date("2099-01-01"));
  await untilSettled(path);
  assert.equal((await space.json<Document>(0, "ingest", "a.jpg")).stored, 1);
  const again = await space.json<Document>(0, "ingest", "a.jpg");
  assert.deepEqual([again.stored, again.skipped], [0, 1]);
});

test("an image without an ending that a folder holds is known in the next run", async () => {
  await using space = await workspace();
  const folder = join(space.folder, "photos");
  await mkdir(folder);
  await copyFile(photo, join(folder, "bare"));
  const listed = async () => {
    const { stored, skipped } = await space.json<Document>(0, "ingest", "photos");
    return [stored, skipped];
  };
  assert.deepEqual(await listed(), [1, 0]);
  // Until the file has not changed for two seconds, it is read again.
  const ended = Date.now() + 30_000;
  let last = await listed();
  while (last[1] === 0 && Date.now() < ended) last = await listed();
  assert.deepEqual(last, [0, 1]);
});
