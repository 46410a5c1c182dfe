/** `headrace watch`: what comes into a folder is stored, complete files only, until the watch is stopped. */
import assert from "node:assert/strict";
import { appendFile, copyFile, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { ended, type Workspace, workspace } from "./command.js";

interface Totals {
  readonly runs: number;
  readonly stored: number;
  readonly skipped: number;
  readonly failed: number;
}

const golden = resolve("test", "fidelity", "golden");
const coffee = await readFile(join(golden, "coffee.jpg"));
const cat = await readFile(join(golden, "chelsea.jpg"));

async function countReaches(space: Workspace, expected: number): Promise<void> {
  for (;;) {
    const { code, stdout } = await space.run("count", "--json");
    const { count } = code === 0 ? (JSON.parse(stdout) as { count: number }) : { count: 0 };
    if (count === expected) return;
    assert.ok(count < expected, `${count} rows, expected ${expected}`);
  }
}

test("new, moved and slowly written images are stored once, with the folder as their root; others are left out", {
  timeout: 180_000,
}, async () => {
  await using space = await workspace();
  const photos = join(space.folder, "photos");
  await mkdir(photos);
  await copyFile(join(golden, "coffee.jpg"), join(photos, "first.jpg"));
  const child = space.start("watch", "photos", "--json");
  const result = ended(child);
  await countReaches(space, 1);
  await writeFile(join(photos, "slow.jpg"), coffee.subarray(0, 1000));
  await writeFile(join(photos, "notes.txt"), "text");
  await writeFile(join(photos, ".hidden.jpg"), coffee);
  await mkdir(join(photos, "in", "deeper"), { recursive: true });
  await writeFile(join(space.folder, "moved.jpg"), cat);
  await rename(join(space.folder, "moved.jpg"), join(photos, "in", "deeper", "moved.jpg"));
  for (let at = 1000; at < coffee.length; at += 20_000) await appendFile(join(photos, "slow.jpg"), coffee.subarray(at, at + 20_000));
  await writeFile(join(photos, "gone.jpg"), cat);
  await rm(join(photos, "gone.jpg"));
  await countReaches(space, 3);
  child.kill("SIGINT");
  const { code, stdout, stderr } = await result;
  assert.equal(code, 0, `${stdout}${stderr}`);
  const { stored, failed, runs } = JSON.parse(stdout) as Totals;
  assert.deepEqual([stored, failed], [3, 0]);
  assert.ok(runs >= 2);
  const { count } = await space.json<{ count: number }>(0, "count", "--filter", `root == "file://${photos}"`);
  assert.equal(count, 3);
});

test("a damaged image fails alone, is told, and the watch goes on; SIGTERM ends it", { timeout: 180_000 }, async () => {
  await using space = await workspace();
  const photos = join(space.folder, "photos");
  await mkdir(photos);
  await copyFile(join(golden, "coffee.jpg"), join(photos, "first.jpg"));
  const child = space.start("watch", "photos", "--json");
  const result = ended(child);
  await countReaches(space, 1);
  await writeFile(join(photos, "bad.jpg"), coffee.subarray(0, 5000));
  await writeFile(join(photos, "good.jpg"), cat);
  await countReaches(space, 2);
  child.kill("SIGTERM");
  const { code, stdout, stderr } = await result;
  assert.equal(code, 3, `${stdout}${stderr}`);
  assert.deepEqual([(JSON.parse(stdout) as Totals).stored, (JSON.parse(stdout) as Totals).failed], [2, 1]);
  assert.match(stderr, /image_corrupt.*bad\.jpg/);
});

test("a folder that is not there is refused at once", async () => {
  await using space = await workspace();
  const { code, stdout } = await space.run("watch", "nowhere", "--json");
  assert.equal(code, 1);
  assert.match(stdout, /source_failed/);
});
