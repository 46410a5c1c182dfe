/** A folder that was away in one run, and is back in the next one, is no failure any more. */
import assert from "node:assert/strict";
import { copyFile, mkdir, readdir, rename } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describe, test } from "node:test";
import { type Workspace, workspace } from "./command.js";

const golden = resolve("test", "fidelity", "golden");

interface Document {
  readonly stored: number;
  readonly failed: number;
}

async function letters(space: Workspace): Promise<readonly string[]> {
  const names = await readdir(join(space.folder, "headrace-data", "dead-letters"), { recursive: true }).catch(() => []);
  return names.filter((name) => name.endsWith(".jsonl"));
}

/** Two folders with one image each, of which `away` is somewhere else during the first run. */
async function withFolderAway(space: Workspace, ...command: readonly string[]): Promise<void> {
  for (const [folder, image] of [
    ["here", "coffee.jpg"],
    ["hidden", "chelsea.jpg"],
  ] as const) {
    await mkdir(join(space.folder, folder));
    await copyFile(join(golden, image), join(space.folder, folder, image));
  }
  const { stored, failed } = await space.json<Document>(3, ...command);
  assert.deepEqual([stored, failed], [1, 1]);
  assert.deepEqual(await letters(space), ["images.jsonl"]);
}

const comesBack = (space: Workspace) => rename(join(space.folder, "hidden"), join(space.folder, "away"));

describe("the dead letter of a folder that was away", () => {
  for (const command of [
    ["ingest", "here", "away"],
    ["ingest", "here", "away/*.jpg"],
    ["sync", "here", "away"],
  ]) {
    test(`goes with the next \`headrace ${command.join(" ")}\` that lists it`, async () => {
      await using space = await workspace();
      await withFolderAway(space, ...command);
      await comesBack(space);
      assert.equal((await space.json<Document>(0, ...command)).failed, 0);
      assert.deepEqual(await letters(space), []);
    });
  }

  test("stays while the folder is listed only in part", async () => {
    await using space = await workspace();
    await withFolderAway(space, "ingest", "here", "away");
    await comesBack(space);
    await copyFile(join(golden, "brick.png"), join(space.folder, "away", "brick.png"));
    assert.equal((await space.json<Document>(0, "ingest", "away", "--limit", "1")).stored, 1);
    assert.deepEqual(await letters(space), ["images.jsonl"]);
  });
});
