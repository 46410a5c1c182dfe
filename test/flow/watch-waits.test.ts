/** `headrace watch` waits for what passes: another writer, and a folder that is away for a moment. */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { copyFile, mkdir, rename } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { WriterLock } from "../../src/adapters/lancedb/writing/writer-lock.js";
import { ended, type Workspace, workspace } from "./command.js";

const golden = resolve("test", "fidelity", "golden");

/** Resolves when the command has printed a line that matches. */
async function prints(child: ChildProcess, words: RegExp): Promise<void> {
  let text = "";
  await new Promise<void>((fulfil, reject) => {
    child.stderr?.on("data", (more: string) => {
      text += more;
      if (words.test(text)) fulfil();
    });
    child.once("close", () => reject(new Error(`ended before it printed ${words}:\n${text}`)));
  });
}

async function startWatch(space: Workspace) {
  const photos = join(space.folder, "photos");
  await mkdir(photos);
  await copyFile(join(golden, "coffee.jpg"), join(photos, "first.jpg"));
  const child = space.start("watch", "photos", "--collection", "photos", "--json");
  const result = ended(child);
  await prints(child, /1 image stored/);
  return { photos, child, result };
}

async function endsWith(rows: number, space: Workspace, { child, result }: Awaited<ReturnType<typeof startWatch>>): Promise<string> {
  child.kill("SIGINT");
  const { code, stdout, stderr } = await result;
  assert.equal(code, 0, `${stdout}${stderr}`);
  assert.equal((await space.json<{ count: number }>(0, "count", "--collection", "photos")).count, rows);
  return stderr;
}

test("while another process writes, the watch waits and says so once, and then stores what came meanwhile", {
  timeout: 180_000,
}, async () => {
  await using space = await workspace();
  const watch = await startWatch(space);
  const lock = await WriterLock.take(join(space.folder, "headrace-data", "photos.lock"), "collection photos");
  const waits = prints(watch.child, /watch waits.*lock_held/);
  await copyFile(join(golden, "chelsea.jpg"), join(watch.photos, "second.jpg"));
  await waits;
  const goesOn = prints(watch.child, /watch goes on/);
  await copyFile(join(golden, "brick.png"), join(watch.photos, "third.png"));
  await lock.release();
  await goesOn;
  const stderr = await endsWith(3, space, watch);
  assert.equal(stderr.match(/lock_held/g)?.length, 1, stderr);
});

test("a folder that is renamed away and back does not end the watch, and images that came meanwhile are stored", {
  timeout: 180_000,
}, async () => {
  await using space = await workspace();
  const watch = await startWatch(space);
  const away = join(space.folder, "away");
  const waits = prints(watch.child, /watch waits.*source_failed/);
  await rename(watch.photos, away);
  await waits;
  await copyFile(join(golden, "chelsea.jpg"), join(away, "second.jpg"));
  const goesOn = prints(watch.child, /watch goes on/);
  await rename(away, watch.photos);
  await goesOn;
  await copyFile(join(golden, "brick.png"), join(watch.photos, "third.png"));
  const count = async () => (await space.json<{ count: number }>(0, "count", "--collection", "photos")).count;
  for (let rows = await count(); rows < 3; rows = await count()) assert.equal(watch.child.exitCode, null);
  await endsWith(3, space, watch);
});
