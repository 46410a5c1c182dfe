/** A reader that closes the output early, such as `head`. */
import assert from "node:assert/strict";
import { copyFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { ended, workspace } from "./command.js";

test("a command whose output nobody reads does its work, prints no error, and ends with the code of its work", async () => {
  await using space = await workspace();
  await copyFile(resolve("test", "fidelity", "golden", "coffee.jpg"), join(space.folder, "coffee.jpg"));
  const child = space.start("ingest", "coffee.jpg", "--json");
  child.stdout?.destroy();
  const { code, stderr } = await ended(child);
  assert.deepEqual([code, stderr], [0, ""]);
  assert.equal((await space.json<{ count: number }>(0, "count")).count, 1);
});
