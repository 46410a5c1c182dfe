import assert from "node:assert/strict";
import { copyFile, mkdir, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { workspace } from "./command.js";

const photo = resolve("test", "fidelity", "golden", "coffee.jpg");

test("relative paths of a manifest count from the working folder, not from the manifest's", async () => {
  await using space = await workspace();
  await mkdir(join(space.folder, "lists"));
  await copyFile(photo, join(space.folder, "a.jpg"));
  await writeFile(join(space.folder, "lists", "m.jsonl"), '{"input":"a.jpg","metadata":{"year":2024}}\n\n');
  const { stored } = await space.json<{ stored: number }>(0, "ingest", "--manifest", "lists/m.jsonl");
  assert.equal(stored, 1);
});

test("whole numbers as ids make a new collection of that kind, and one of text refuses them and says how to make another", async () => {
  await using space = await workspace();
  await copyFile(photo, join(space.folder, "a.jpg"));
  await writeFile(join(space.folder, "m.jsonl"), '{"input":"a.jpg","id":7}\n');
  await space.json(0, "ingest", "--manifest", "m.jsonl", "--collection", "numbered");
  assert.match((await space.run("collection", "stats", "numbered")).stdout, /1 row, .*ids int64/);
  await space.json(0, "collection", "create", "texts", "--ids", "text");
  const { stdout } = await space.run("ingest", "--manifest", "m.jsonl", "--collection", "texts");
  assert.match(
    stdout,
    /id_invalid: 1, .*\n {4}The collection has ids of type text\. Choose the type when you create it: --ids, or idType\./,
  );
});

test("rows of files that are gone stay until they are deleted, and deleted rows return while their file is there", async () => {
  await using space = await workspace();
  await mkdir(join(space.folder, "photos", "old"), { recursive: true });
  await copyFile(photo, join(space.folder, "photos", "old", "a.jpg"));
  await space.json(0, "ingest", "photos");
  const filter = `startsWith(source, "file://${space.folder}/photos/old/")`;
  assert.deepEqual(await space.json(0, "delete", "--filter", filter, "--yes"), { deleted: 1 });
  assert.equal((await space.json<{ stored: number }>(0, "ingest", "photos")).stored, 1);
  await rm(join(space.folder, "photos", "old"), { recursive: true });
  await space.json(0, "ingest", "photos");
  assert.equal((await space.json<{ count: number }>(0, "collection", "stats", "images")).count, 1);
  assert.deepEqual(await space.json(0, "delete", "--filter", filter, "--yes"), { deleted: 1 });
});
