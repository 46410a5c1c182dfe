/** Where collections are looked for, and what a mere question leaves there: nothing. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { workspace } from "./command.js";

const photo = resolve("test", "fidelity", "golden", "coffee.jpg");

interface ErrorDocument {
  readonly error: { readonly code: string; readonly message: string; readonly item: string };
}

test("a collection that is not there is looked for by name and place, and some that are there are listed", async () => {
  await using space = await workspace();
  const folder = join(space.folder, "headrace-data");
  const empty = await space.json<ErrorDocument>(1, "search", photo, "--collection", "photos");
  assert.equal(empty.error.message, `collection photos: expected it in the folder ${folder}, found no collections there`);
  for (const name of ["a", "b", "c", "d", "e", "f", "g"]) await space.json(0, "collection", "create", name);
  const some = `collection photos: expected it in the folder ${folder}, found a, b, c, d, e and 2 more`;
  for (const args of [
    ["search", photo, "--collection", "photos"],
    ["collection", "stats", "photos"],
    ["collection", "compact", "photos"],
    ["collection", "drop", "photos", "--yes"],
    ["delete", "--filter", "width > 0", "--collection", "photos", "--yes"],
  ]) {
    const { error } = await space.json<ErrorDocument>(1, ...args);
    assert.deepEqual([error.code, error.message, error.item], ["collection_not_found", some, "photos"]);
  }
});

test("asking a store in a folder that is not there creates no folder; writing does", async () => {
  await using space = await workspace();
  const there = (): boolean => existsSync(join(space.folder, "mistyped"));
  const set = ["--set", "lancedb.path=mistyped"];
  assert.deepEqual(await space.json(0, "collection", "list", ...set), { collections: [] });
  await space.json(1, "search", photo, ...set);
  await space.json(1, "collection", "stats", "photos", ...set);
  await space.json(0, "ingest", photo, "--dry-run", ...set);
  await space.json(0, "health", ...set);
  assert.equal(there(), false);
  await space.json(0, "ingest", photo, ...set);
  assert.equal(there(), true);
  assert.equal((await space.json<{ collections: unknown[] }>(0, "collection", "list", ...set)).collections.length, 1);
});

test("health tells of a folder that could not be created", async () => {
  await using space = await workspace();
  await writeFile(join(space.folder, "file"), "");
  const { parts } = await space.json<{ parts: { name: string; ok: boolean }[] }>(1, "health", "--set", "lancedb.path=file/data");
  assert.deepEqual(
    parts.map(({ name, ok }) => [name, ok]),
    [
      ["embedder", true],
      ["store", false],
    ],
  );
});
